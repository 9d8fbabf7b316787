package org.cairnfs.node;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.cairnfs.node.home.OperatorException;

/** Steps that run beside the one who waits for them. Begun by one thread. */
final class ParallelSteps implements AutoCloseable {
  /** What a step does. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws OperatorException;
  }

  /** A step that was begun. Thread-safe. */
  @FunctionalInterface
  interface Step<T> {
    /** Its result, or its failure, once it has ended. */
    T get() throws OperatorException;
  }

  private final ExecutorService executor = Executors.newCachedThreadPool(Threads.named("start"));

  /** Begins a step. */
  <T> Step<T> begin(Work<T> work) {
    Future<T> future = executor.submit(work::run);
    return () -> await(future);
  }

  private static <T> T await(Future<T> future) throws OperatorException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof OperatorException failure) {
        throw failure;
      }
      throw new IllegalStateException("a step of the start failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperatorException("interrupted while starting", "Start the node again.", e);
    }
  }

  /** Waits until no step runs any more, so that what each has opened is known. */
  @Override
  public void close() {
    executor.shutdown();
    boolean interrupted = false;
    while (!executor.isTerminated()) {
      try {
        boolean unused = executor.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
