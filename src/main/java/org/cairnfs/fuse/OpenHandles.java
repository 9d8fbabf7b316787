package org.cairnfs.fuse;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.Vfs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The vfs handles that the kernel holds through one session.
 *
 * <p>The kernel sends releases in the background and drops those still queued when the mount ends,
 * and an aborted mount sends none at all. What is left then is released here, with its locks, so
 * that no file stays open for ever. Thread-safe.
 */
final class OpenHandles {
  private static final Logger LOG = LoggerFactory.getLogger(OpenHandles.class);

  private final Vfs vfs;

  /** Open files, each with the owners that asked for locks through it. */
  private final Map<Long, Set<Long>> files = new ConcurrentHashMap<>();

  private final Set<Long> directories = ConcurrentHashMap.newKeySet();

  /** Those of both that nobody has read through. */
  private final Set<Long> unread = ConcurrentHashMap.newKeySet();

  OpenHandles(Vfs vfs) {
    this.vfs = vfs;
  }

  void opened(long handle) {
    files.put(handle, Set.of());
    unread.add(handle);
  }

  void released(long handle) {
    files.remove(handle);
    unread.remove(handle);
  }

  void openedDirectory(long handle) {
    directories.add(handle);
    unread.add(handle);
  }

  void releasedDirectory(long handle) {
    directories.remove(handle);
    unread.remove(handle);
  }

  /** True once for each open file or directory. */
  boolean isFirstRead(long handle) {
    return unread.remove(handle);
  }

  /** Notes that {@code owner} may hold locks through an open file. */
  void locked(long handle, long owner) {
    files.computeIfPresent(handle, (key, owners) -> {
      Set<Long> more = owners.isEmpty() ? ConcurrentHashMap.newKeySet() : owners;
      more.add(owner);
      return more;
    });
  }

  /** Releases what is still open; for the end of a session, when no request is served any more. */
  void releaseAll() {
    files.forEach((handle, owners) -> {
      for (long owner : owners) {
        quietly(() -> vfs.flush(handle, owner));
        quietly(() -> vfs.flock(handle, owner, FileLock.Kind.UNLOCK, false).join());
      }
      quietly(() -> vfs.release(handle, 0, false));
    });
    files.clear();
    directories.forEach(handle -> quietly(() -> vfs.releaseDirectory(handle)));
    directories.clear();
    unread.clear();
  }

  private static void quietly(Runnable release) {
    try {
      release.run();
    } catch (RuntimeException failure) {
      // Nobody is left to tell; the next handle still has to be released.
      LOG.warn("releasing what a mount left open failed", failure);
    }
  }
}
