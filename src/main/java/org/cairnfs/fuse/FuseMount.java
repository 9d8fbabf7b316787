package org.cairnfs.fuse;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.MountException.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vfs mounted on a directory.
 *
 * <p>Ends by {@link #unmount}, or by anybody's umount(8) or fusermount(1). Thread-safe. Never to be
 * called from inside the vfs: unmounting waits for requests, and an invalidation waits for those
 * that have pages of the file locked.
 */
public final class FuseMount {
  private static final Logger LOG = LoggerFactory.getLogger(FuseMount.class);

  private static final Duration END_LIMIT = Duration.ofSeconds(60);
  private static final String LOOK = "See with `fuser -vm` or `lsof` who uses it, and end that.";

  private final MountPoints mountPoints;
  private final Path directory;
  private final String device;
  private final Session session;

  FuseMount(MountPoints mountPoints, Path directory, String device, Session session) {
    this.mountPoints = mountPoints;
    this.directory = directory;
    this.device = device;
    this.session = session;
  }

  /** Where it is mounted: absolute, without symlinks. */
  public Path directory() {
    return directory;
  }

  /**
   * Unmounts; returns when everything is served and synced.
   *
   * @throws MountException with {@link Reason#BUSY}, and everything as before, if a program uses
   *     the mount
   */
  public void unmount() throws MountException {
    if (isMounted()) {
      mountPoints.unmount(directory);
    }
    awaitEndWithin(END_LIMIT);
  }

  /** Takes the mount out of the tree at once; it ends when the last program lets go of it. */
  public void detach() throws MountException {
    if (isMounted()) {
      mountPoints.detach(directory);
    }
  }

  /**
   * Ends the mount whoever uses it: programs get ENOTCONN. Returns when it has ended and is synced.
   */
  public void abort() throws MountException {
    if (isMounted()) {
      mountPoints.abort(directory, device);
    }
    detach();
    awaitEndWithin(END_LIMIT);
  }

  /**
   * Completes when the mount has ended, whatever ended it, and the vfs has been synced. Never
   * fails.
   */
  public CompletableFuture<Void> ended() {
    return session.ended().copy();
  }

  /**
   * For how long the kernel may believe what it is told from now on; zero when others change the
   * volume too.
   */
  public void setCacheTimeouts(Duration timeout) {
    session.timeout().set(timeout);
  }

  /** Makes the kernel forget the attributes and pages of an inode it may have cached. */
  public void invalidate(InodeNumber inode) {
    session.invalidate(inode);
  }

  /** Makes the kernel forget what a name led to, or that it was absent. */
  public void invalidateEntry(InodeNumber parent, Bytes name) {
    session.invalidateEntry(parent, name);
  }

  /** For the end of a session that was not unmounted but cut off: leaves no dead mount behind. */
  void detachQuietly() {
    try {
      detach();
    } catch (MountException refused) {
      LOG.warn("a dead mount is left", refused);
    }
  }

  /** Whether this mount, and not another one, is what the directory has on top. */
  private boolean isMounted() throws MountException {
    MountTable.Mount mount = mountPoints.mountAt(directory);
    return mount != null && mount.device().equals(device);
  }

  private void awaitEndWithin(Duration limit) throws MountException {
    try {
      session.ended().get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new MountException(
          Reason.BUSY,
          directory + " was unmounted; interrupted before it ended",
          LOOK,
          interrupted);
    } catch (TimeoutException busy) {
      throw new MountException(
          Reason.BUSY,
          directory
              + " was unmounted, but is still in use elsewhere (another mount namespace, or a request"
              + " that does not end)",
          LOOK,
          busy);
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
