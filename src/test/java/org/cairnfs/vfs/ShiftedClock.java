package org.cairnfs.vfs;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** The system's clock, which a test can put forward. Thread-safe. */
final class ShiftedClock implements InstantSource {
  private volatile Duration ahead = Duration.ZERO;

  /** From now on it is so much later. */
  void advance(Duration by) {
    ahead = ahead.plus(by);
  }

  @Override
  public Instant instant() {
    return InstantSource.system().instant().plus(ahead);
  }
}
