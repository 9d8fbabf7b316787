package org.cairnfs.node;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was opened, to be closed the other way round, all of it whatever fails. Thread-safe. */
final class Resources implements Closeable {
  private static final Duration THREADS_END_LIMIT = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Resources.class);

  private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

  /** Adds one, opened after those before, and returns it. */
  <R extends AutoCloseable> R add(R resource) {
    opened.push(resource);
    return resource;
  }

  /** A fixed number of threads, ended when what was opened after them is closed. */
  ExecutorService pool(String name, int threads) {
    ExecutorService pool = Threads.pool(name, threads);
    opened.push(() -> end(name, pool));
    return pool;
  }

  /** The same for tasks at times to come. */
  ScheduledExecutorService timer(String name, int threads) {
    ScheduledExecutorService timer = Threads.timer(name, threads);
    opened.push(() -> end(name, timer));
    return timer;
  }

  private static void end(String name, ExecutorService executor)
      throws IOException, InterruptedException {
    executor.shutdown();
    if (!executor.awaitTermination(THREADS_END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      String doing = Threads.stacks(name);
      executor.shutdownNow();
      throw new IOException("the threads \"" + name + "\" still ran "
          + THREADS_END_LIMIT.toSeconds() + " s after their last task was given:" + doing);
    }
  }

  /** Closes everything because of a failure, which is what counts: what fails then goes with it. */
  void closeAfter(Throwable reason) {
    try {
      close();
    } catch (IOException e) {
      LOG.warn("Not everything that was opened could be closed", e);
      reason.addSuppressed(e);
    }
  }

  /**
   * Closes everything; afterwards there is nothing to close. Throws the first failure, with the
   * others suppressed in it.
   */
  @Override
  public void close() throws IOException {
    @Nullable IOException failure = null;
    for (@Nullable AutoCloseable next = opened.poll(); next != null; next = opened.poll()) {
      try {
        next.close();
      } catch (Exception e) {
        failure = add(failure, e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static IOException add(@Nullable IOException first, Exception next) {
    if (next instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    if (first == null) {
      return next instanceof IOException e
          ? e
          : new IOException(String.valueOf(next.getMessage()), next);
    }
    first.addSuppressed(next);
    return first;
  }
}
