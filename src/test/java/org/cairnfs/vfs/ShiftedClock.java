package org.cairnfs.vfs;

import java.time.Duration;
import java.time.InstantSource;

/** The system's clocks, which a test can put forward. Thread-safe. */
final class ShiftedClock {
  private volatile Duration passed = Duration.ZERO;
  private volatile Duration jumped = Duration.ZERO;

  /** From now on it is so much later. */
  void advance(Duration by) {
    passed = passed.plus(by);
  }

  /** From now on the date is said to be so much later, or earlier, though no time has passed. */
  void jump(Duration by) {
    jumped = jumped.plus(by);
  }

  LocalVfs.Clocks both() {
    return new LocalVfs.Clocks(
        () -> InstantSource.system().instant().plus(passed).plus(jumped),
        () -> System.nanoTime() + passed.toNanos());
  }
}
