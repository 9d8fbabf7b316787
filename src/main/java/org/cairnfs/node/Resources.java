package org.cairnfs.node;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What was opened, to be closed the other way round, all of it whatever fails. Thread-safe. */
final class Resources implements Closeable {
  private static final Duration THREADS_END_LIMIT = Duration.ofSeconds(10);

  private final ConcurrentLinkedDeque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

  /** Adds one, opened after those before, and returns it. */
  <R extends AutoCloseable> R add(R resource) {
    opened.push(resource);
    return resource;
  }

  /** Adds threads, to be ended when what was opened after them is closed. */
  <E extends ExecutorService> E addExecutor(E executor) {
    opened.push(() -> end(executor));
    return executor;
  }

  private static void end(ExecutorService executor) throws IOException, InterruptedException {
    executor.shutdown();
    if (!executor.awaitTermination(THREADS_END_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      executor.shutdownNow();
      throw new IOException("tasks were still running " + THREADS_END_LIMIT.toSeconds()
          + " s after the last was given");
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
