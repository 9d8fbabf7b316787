package org.cairnfs.meta;

import org.jspecify.annotations.Nullable;

/** What a session holds at one time; leads to what it held next. Thread-safe. */
final class HeldLeases {
  private final LeaseRanges ranges;
  private final boolean everything;
  private volatile @Nullable HeldLeases next;

  HeldLeases(LeaseRanges ranges) {
    this.ranges = ranges;
    this.everything = ranges.isEverything();
  }

  LeaseRanges ranges() {
    return ranges;
  }

  boolean isEverything() {
    return everything;
  }

  /** What was held after this; null if this is what is held now. */
  @Nullable
  HeldLeases next() {
    return next;
  }

  /** From now on {@code later} is held. Once. */
  HeldLeases follow(LeaseRanges later) {
    HeldLeases following = new HeldLeases(later);
    next = following;
    return following;
  }
}
