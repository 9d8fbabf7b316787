package org.cairnfs.fuse;

import java.time.Duration;

/**
 * For how long the kernel may believe names and attributes it was told. Thread-safe; counts for
 * answers from then on.
 */
final class CacheTimeout {
  private static final double NANOS_PER_SECOND = 1e9;

  private volatile double seconds;

  CacheTimeout(Duration timeout) {
    set(timeout);
  }

  void set(Duration timeout) {
    seconds = timeout.toNanos() / NANOS_PER_SECOND;
  }

  double seconds() {
    return seconds;
  }
}
