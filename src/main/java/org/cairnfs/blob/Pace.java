package org.cairnfs.blob;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Keeps background work to so many bytes a second, and ends its waits when the work is to end.
 * Thread-safe.
 */
final class Pace {
  /** What was not used is not saved up for longer. */
  private static final long SAVED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final long bytesPerSecond;
  private final LongSupplier ticker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  /** When what was taken so far is paid for. Guarded by {@link #lock}. */
  private long paidNanos;

  private volatile boolean closed;

  Pace(long bytesPerSecond, LongSupplier ticker) {
    this.bytesPerSecond = bytesPerSecond;
    this.ticker = ticker;
    paidNanos = ticker.getAsLong();
  }

  /** Waits until so many bytes more may be moved; returns false if the work is to end. */
  boolean take(long bytes) {
    lock.lock();
    try {
      long now = ticker.getAsLong();
      if (paidNanos - (now - SAVED_NANOS) < 0) {
        paidNanos = now - SAVED_NANOS;
      }
      long dueNanos = paidNanos;
      paidNanos += bytes * TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
      for (long left = dueNanos - now; left > 0 && !closed; left = dueNanos - ticker.getAsLong()) {
        long unused = ended.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    return closed;
  }

  /** Ends all waits, now and later. */
  void close() {
    lock.lock();
    try {
      closed = true;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
