package org.cairnfs.blob;

import java.time.Duration;
import java.util.function.LongSupplier;

/** When something is to be done next: at once, to begin with. Thread-safe. */
final class Due {
  private final LongSupplier ticker;
  private volatile long atNanos;

  Due(LongSupplier ticker) {
    this.ticker = ticker;
    atNanos = ticker.getAsLong();
  }

  boolean isNow() {
    return ticker.getAsLong() - atNanos >= 0;
  }

  /** Not before that has passed. */
  void in(Duration wait) {
    atNanos = ticker.getAsLong() + wait.toNanos();
  }

  /** As {@link #in}, unless it is due earlier. */
  void within(Duration wait) {
    long latest = ticker.getAsLong() + wait.toNanos();
    if (atNanos - latest > 0) {
      atNanos = latest;
    }
  }
}
