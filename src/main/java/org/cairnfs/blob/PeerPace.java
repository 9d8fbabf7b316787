package org.cairnfs.blob;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** How fast a peer has answered lately, and how much it is asked right now. Thread-safe. */
final class PeerPace {
  /** A new measurement counts for one part of so many. */
  private static final int SMOOTHING = 8;

  /** However slow it has been, silence of this length means that something is wrong. */
  private static final Duration HEDGE_MAX = Duration.ofSeconds(2);

  private final AtomicInteger asked = new AtomicInteger();
  private volatile long usualNanos;

  void begin() {
    asked.incrementAndGet();
  }

  void end() {
    asked.decrementAndGet();
  }

  /** A fetch was answered in full. */
  synchronized void took(long nanos) {
    usualNanos = usualNanos == 0 ? nanos : usualNanos + (nanos - usualNanos) / SMOOTHING;
  }

  /** Fetches that it has not answered. */
  int asked() {
    return asked.get();
  }

  /** How long it may send nothing before somebody else is asked beside it. */
  Duration patience(BlobNode node, Duration min) {
    long nanos = Math.max(min.toNanos(), Math.max(3 * node.roundTrip().toNanos(), 2 * usualNanos));
    return nanos > HEDGE_MAX.toNanos() ? HEDGE_MAX : Duration.ofNanos(nanos);
  }
}
