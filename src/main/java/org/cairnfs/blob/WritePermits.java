package org.cairnfs.blob;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.util.concurrent.Semaphore;

/** Has writers wait while too many blobs lack copies. Thread-safe. */
final class WritePermits {
  private final Semaphore free;
  private final Duration limit;

  /**
   * As many as nobody has yet.
   *
   * @param limit nobody waits longer
   */
  WritePermits(int count, Duration limit) {
    free = new Semaphore(count);
    this.limit = limit;
  }

  /** The permit of one blob; not acquired yet. */
  Permit permit() {
    return new Permit();
  }

  /** What a blob has until it has enough copies. */
  final class Permit {
    /** Guarded by this. */
    private boolean held;

    /** Waits until there is one, or goes without: to go beyond the limit is better than to fail. */
    void acquire() {
      boolean acquired = false;
      try {
        acquired = free.tryAcquire(limit.toMillis(), MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      synchronized (this) {
        held = acquired;
      }
    }

    /** Gives it back, if it is held. */
    void release() {
      boolean release;
      synchronized (this) {
        release = held;
        held = false;
      }
      if (release) {
        free.release();
      }
    }
  }
}
