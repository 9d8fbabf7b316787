package org.cairnfs.meta.raft;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads of one metadata log, each for one thing. Thread-safe. */
final class LogThreads implements AutoCloseable {
  private static final Duration END_TIMEOUT = Duration.ofSeconds(20);

  private static final Logger LOG = LoggerFactory.getLogger(LogThreads.class);

  private final ExecutorService keeper =
      Executors.newSingleThreadExecutor(daemon("meta-log-keeper"));
  private final ExecutorService flusher = Executors.newSingleThreadExecutor(daemon("meta-flush"));
  private final ExecutorService installer =
      Executors.newSingleThreadExecutor(daemon("meta-install"));
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(daemon("meta-log-watch"));

  private static ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Runs what ends and begins runs of the server; not any more once that has ended. */
  void keep(Runnable task) {
    if (!keeper.isShutdown()) {
      keeper.execute(task);
    }
  }

  /** For what waits for the disk. */
  Executor flusher() {
    return flusher;
  }

  /** For what waits for another node's rows. */
  Executor installer() {
    return installer;
  }

  void everyTick(Duration tick, Runnable task) {
    var unused =
        watch.scheduleWithFixedDelay(task, tick.toMillis(), tick.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** There are no further ticks. */
  void endTicks() {
    watch.shutdownNow();
  }

  /**
   * Waits for what {@link #keep} was given. It is not interrupted: it may be opening the server,
   * which would not let go of its files then.
   */
  void endKeeping() {
    keeper.shutdown();
    await(keeper);
  }

  /** Ends the rest. */
  @Override
  public void close() {
    endTicks();
    endKeeping();
    installer.shutdownNow();
    flusher.shutdownNow();
    await(installer);
    await(flusher);
    await(watch);
  }

  private static void await(ExecutorService executor) {
    try {
      if (!executor.awaitTermination(END_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warn("A thread of the metadata log did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
