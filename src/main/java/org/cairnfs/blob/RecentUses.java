package org.cairnfs.blob;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers which frames were used in part lately, to tell those that are used again. It may take a
 * frame for another one, or forget it early: both only cost the time that it is there to save.
 *
 * <p>Thread-safe.
 */
final class RecentUses {
  /** A power of two; as many frames as the kernel's page cache holds for a while. */
  private static final int PLACES = 16384;

  private static final long SPREAD = 0x9E3779B97F4A7C15L;

  private final AtomicLongArray places = new AtomicLongArray(PLACES);

  /** Whether the frame was used lately; from now on it was. */
  boolean again(FrameKey key) {
    // The id is a hash; the index is spread, so that the frames of a blob lie apart.
    long mark = key.blob().word1() + (key.frame() + 1) * SPREAD;
    return places.getAndSet((int) (mark >>> 32) & (PLACES - 1), mark) == mark;
  }
}
