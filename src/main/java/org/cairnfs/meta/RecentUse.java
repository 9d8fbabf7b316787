package org.cairnfs.meta;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which inodes a session used last, and when: so that it gives up to others what it does not need
 * itself. A guess: of two inodes that share a slot the later one is known. Thread-safe.
 */
final class RecentUse {
  private static final int SLOT_BITS = 12;
  private static final int SLOTS = 1 << SLOT_BITS;

  private final AtomicLongArray inodes = new AtomicLongArray(SLOTS);
  private final AtomicLongArray usedNanos = new AtomicLongArray(SLOTS);
  private final AtomicLongArray changedNanos = new AtomicLongArray(SLOTS);

  void add(long inode, boolean change, long nowNanos) {
    int slot = (int) ((inode * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - SLOT_BITS));
    if (inodes.getPlain(slot) != inode) {
      inodes.setPlain(slot, inode);
      changedNanos.setPlain(slot, nowNanos - Long.MAX_VALUE / 2);
    }
    usedNanos.setPlain(slot, nowNanos);
    if (change) {
      changedNanos.setPlain(slot, nowNanos);
    }
  }

  /**
   * Those of the numbers around an inode, down to {@code start} and up to {@code end}, in which
   * nothing was used in the time given but the inode itself.
   *
   * @param changes whether only changes count as use
   */
  LeaseRange unusedAround(LeaseRange within, long inode, boolean changes, long sinceNanos) {
    long start = within.start();
    long end = within.end();
    AtomicLongArray times = changes ? changedNanos : usedNanos;
    for (int slot = 0; slot < SLOTS; slot++) {
      long used = inodes.getPlain(slot);
      if (used != inode && times.getPlain(slot) - sinceNanos >= 0) {
        if (used < inode) {
          start = Math.max(start, used + 1);
        } else {
          end = Math.min(end, used);
        }
      }
    }
    return new LeaseRange(start, end, within.mode());
  }
}
