package org.cairnfs.vfs;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/** What programs have open, by handle. Handles are never used again. Thread-safe. */
final class Handles {
  private final Losses losses;
  private final ConcurrentHashMap<Long, OpenFile> files = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, OpenDirectory> directories = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong(1);

  /** One opendir(3). */
  record OpenDirectory(InodeNumber number, Losses.Hearer losses) {}

  Handles(Losses losses) {
    this.losses = losses;
  }

  /** Opens a file that the caller has acquired. */
  long open(ActiveFile file, boolean readable, boolean writable) {
    long handle = next.getAndIncrement();
    files.put(handle, new OpenFile(file, readable, writable, losses.hearer()));
    return handle;
  }

  long open(InodeNumber directory) {
    long handle = next.getAndIncrement();
    directories.put(handle, new OpenDirectory(directory, losses.hearer()));
    return handle;
  }

  /** @throws PosixException EBADF */
  OpenFile file(long handle) {
    return found(handle, files.get(handle));
  }

  /** @throws PosixException EBADF */
  OpenFile removeFile(long handle) {
    return found(handle, files.remove(handle));
  }

  /** @throws PosixException EBADF */
  OpenDirectory directory(long handle) {
    return found(handle, directories.get(handle));
  }

  /** @throws PosixException EBADF */
  OpenDirectory removeDirectory(long handle) {
    return found(handle, directories.remove(handle));
  }

  private static <T> T found(long handle, @Nullable T open) {
    if (open == null) {
      throw new PosixException(Errno.EBADF, "handle " + handle);
    }
    return open;
  }

  /** The open files of the moment, always. */
  Collection<OpenFile> files() {
    return files.values();
  }
}
