package org.cairnfs.vfs;

import org.cairnfs.core.Limits;

/**
 * The newest writes to a file that each began where the one before ended: they tell which blocks
 * were written in one go. Guarded by the lock of its {@link ActiveFile}.
 */
final class WriteRun {
  private static final long NOBODY = -1;

  private long start;
  private long end = NOBODY;

  /** A write begins at {@code offset}. */
  void begin(long offset) {
    if (offset != end) {
      start = offset;
    }
  }

  /** The write that {@link #begin began} ends at {@code offset}. */
  void end(long offset) {
    end = offset;
  }

  /** Whether it began at or before {@code offset}. */
  boolean coversFrom(long offset) {
    return start <= offset;
  }

  /** Whether nobody wrote, or what was written was looked at. */
  boolean isOver() {
    return end == NOBODY;
  }

  /** Whether the last block of a file of that size was written in one go, up to its end. */
  boolean isTailOf(long sizeBytes) {
    return end == sizeBytes
        && start <= sizeBytes / Limits.BLOCK_SIZE_BYTES * Limits.BLOCK_SIZE_BYTES;
  }

  /** Nobody writes any more. */
  void forget() {
    end = NOBODY;
  }
}
