package org.cairnfs.vfs;

import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * One open(2): the file, what it was opened for, and where its sequential reader is. Thread-safe.
 */
final class OpenFile {
  private static final long SLACK_BYTES = 1 << 20;
  private static final long MIN_WINDOW_BYTES = 256 << 10;
  private static final long MAX_WINDOW_BYTES = 8 << 20;

  /**
   * Who has read so much from the start on may only want to know what kind of file it is; the
   * kernel makes 16 KiB of such a read. A blob of another node would be moved whole to read ahead.
   */
  private static final long GLANCE_BYTES = 32 << 10;

  private final ActiveFile file;
  private final boolean readable;
  private final boolean writable;

  /**
   * Where a sequential reader would go on, how far ahead of it to read, and up to where that was
   * asked for. Guarded by this.
   */
  private long expected;

  private long windowBytes;
  private long aheadTo;
  private boolean begun;

  private final HandleLocks locks = new HandleLocks();
  private final Losses.Hearer losses;

  OpenFile(ActiveFile file, boolean readable, boolean writable, Losses.Hearer losses) {
    this.file = file;
    this.losses = losses;
    this.readable = readable;
    this.writable = writable;
  }

  /**
   * The file, to be read.
   *
   * @throws PosixException EBADF unless opened for reading
   */
  ActiveFile forReading() {
    if (!readable) {
      throw new PosixException(Errno.EBADF, "not open for reading");
    }
    return file;
  }

  /**
   * The file, to be written.
   *
   * @throws PosixException EBADF unless opened for writing
   */
  ActiveFile forWriting() {
    if (!writable) {
      throw new PosixException(Errno.EBADF, "not open for writing");
    }
    return file;
  }

  /** The locks taken through this. */
  HandleLocks locks() {
    return locks;
  }

  /** @throws PosixException if something was lost that was changed since this was opened, once */
  void requireNothingLost() {
    boolean lost = losses.hears();
    file.throwWriteError();
    if (lost) {
      throw Losses.error();
    }
  }

  boolean isWritable() {
    return writable;
  }

  ActiveFile file() {
    return file;
  }

  /**
   * Notes a read and tells what to read ahead for it.
   *
   * <p>The window begins small at the start of a file or after a jump, and doubles while reads stay
   * sequential. The first read counts as a jump if it is a short one, or not of the start. Requests
   * of one sequential reader may arrive in any order within the kernel's own read-ahead: a step
   * within {@link #SLACK_BYTES} either way counts as sequential.
   *
   * @return the range to read ahead, or null
   */
  synchronized @Nullable Window readAhead(long offset, long end) {
    boolean jumps =
        begun ? Math.abs(offset - expected) > SLACK_BYTES : offset > 0 || end <= GLANCE_BYTES;
    begun = true;
    if (jumps) {
      expected = end;
      windowBytes = 0;
      aheadTo = end;
      return null;
    }
    expected = Math.max(expected, end);
    windowBytes = Math.min(Math.max(MIN_WINDOW_BYTES, windowBytes * 2), MAX_WINDOW_BYTES);
    long from = Math.max(aheadTo, end);
    long to = end + windowBytes;
    if (to - from < windowBytes / 2) {
      return null; // enough is on its way; ask in large steps
    }
    aheadTo = to;
    return new Window(from, to);
  }

  /** A range of a file. */
  record Window(long from, long to) {}
}
