package org.cairnfs.fuse;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has idle processors look for work all the time, and not halt, while requests come quickly.
 *
 * <p>A program that does one thing after the other, and the worker that answers it, wake each other
 * twice for every request, and where a processor that halted is slow to wake, most of the time goes
 * there. Polling takes time from nobody, for any thread that can run goes first, but costs energy:
 * so it begins when there were many requests within a moment, and ends soon after.
 *
 * <p>Thread-safe.
 */
final class IdlePolling implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(IdlePolling.class);

  /** The machine's processors. */
  interface Processors extends Closeable {
    /** Whether those that have nothing to do are to poll; at first they do not. */
    void poll(boolean wanted) throws IOException;
  }

  private static final Duration PERIOD = Duration.ofMillis(10);

  /** Requests in a period that are many: what waking costs is then some hundredths of it. */
  private static final int MANY = 10;

  /** After so many periods without many requests it ends. */
  private static final int CALM_PERIODS = 5;

  private final Processors processors;
  private final LongAdder arrivals = new LongAdder();
  private final Thread watcher;

  /** The watcher sleeps until somebody wakes it, which the next request does. */
  private volatile boolean resting;

  private volatile boolean closed;

  /** @param processors closed with this, or when they refuse */
  IdlePolling(String name, Processors processors) {
    this.processors = processors;
    this.watcher = new Thread(this::run, name);
    watcher.setDaemon(true);
    watcher.start();
  }

  /** A request came. */
  void arrived() {
    arrivals.increment();
    if (resting) {
      resting = false;
      LockSupport.unpark(watcher);
    }
  }

  /** Ends it, soon. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(watcher);
  }

  private void run() {
    try (processors) {
      watch();
    } catch (IOException refused) {
      LOG.warn("idle processors cannot be told to poll; the mount is slower without", refused);
    }
  }

  private void watch() throws IOException {
    long seen = 0;
    int calm = CALM_PERIODS;
    while (!closed) {
      long now = arrivals.sum();
      long came = now - seen;
      seen = now;
      int calmBefore = calm;
      calm = came >= MANY ? 0 : Math.min(calm + 1, CALM_PERIODS);
      boolean polling = calm < CALM_PERIODS;
      if (polling != calmBefore < CALM_PERIODS) {
        processors.poll(polling);
      }
      if (came == 0 && !polling) {
        rest(seen);
      } else {
        LockSupport.parkNanos(this, PERIOD.toNanos());
      }
    }
  }

  /** Returns when there are more arrivals than were seen, or it is over. */
  private void rest(long seen) {
    resting = true;
    while (resting && !closed && arrivals.sum() == seen) {
      LockSupport.park(this);
    }
    resting = false;
  }
}
