package org.cairnfs.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One segment while the store is open. Counts its users, so that its file can be closed or deleted
 * beside reads. Thread-safe.
 */
final class Segment {
  private final long number;
  private volatile long endBytes;

  /** Set when a force failed: nothing more is appended. */
  private volatile boolean failed;

  /** Open while there are users, and kept open after them. Guarded by the monitor. */
  private @Nullable SegmentFile file;

  /** Guarded by the monitor. */
  private int users;

  /** Guarded by the monitor. */
  private boolean deleted;

  /** Whether it was used since {@link #closeIfUnused} last looked. Guarded by the monitor. */
  private boolean usedLately;

  /**
   * A segment.
   *
   * @param endBytes where the last record ends
   * @param file its open file, or null to open it at the first use
   */
  Segment(long number, long endBytes, @Nullable SegmentFile file) {
    this.number = number;
    this.endBytes = endBytes;
    this.file = file;
  }

  long number() {
    return number;
  }

  /** Where the next record goes. */
  long endBytes() {
    return endBytes;
  }

  void endBytes(long end) {
    endBytes = end;
  }

  boolean failed() {
    return failed;
  }

  void fail() {
    failed = true;
  }

  /**
   * Takes the file for use until {@link #release}.
   *
   * @return null if the segment has been deleted
   */
  @Nullable
  SegmentFile acquire(Segments owner) throws IOException {
    boolean opened = false;
    SegmentFile acquired;
    synchronized (this) {
      if (deleted) {
        return null;
      }
      if (file == null) {
        file = owner.files().open(number);
        opened = true;
      }
      acquired = file;
      users++;
      usedLately = true;
    }
    if (opened) {
      owner.opened();
    }
    return acquired;
  }

  /** Takes over the file just made, which its maker uses until {@link #release}. */
  synchronized void adopt(SegmentFile made) {
    file = made;
    users++;
  }

  synchronized void release() throws IOException {
    users--;
    if (deleted && users == 0) {
      closeFile();
    }
  }

  /** From now on {@link #acquire} gives null; the file is closed after its last user. */
  synchronized void delete() throws IOException {
    deleted = true;
    if (users == 0) {
      closeFile();
    }
  }

  /** Closes the file, used or not, when the store closes. */
  synchronized void close() throws IOException {
    closeFile();
  }

  synchronized boolean isOpen() {
    return file != null;
  }

  /** Closes the file if nobody uses it and nobody has since this was last asked. */
  synchronized boolean closeIfUnused() throws IOException {
    if (file == null || users > 0) {
      return false;
    }
    if (usedLately) {
      usedLately = false;
      return false;
    }
    closeFile();
    return true;
  }

  private void closeFile() throws IOException {
    SegmentFile open = file;
    file = null;
    if (open != null) {
      open.close();
    }
  }
}
