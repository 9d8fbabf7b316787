package org.cairnfs.node;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the node's threads: named, and not in the way of the process's end. */
final class Threads {
  /** Threads called {@code name-1}, {@code name-2} and so on. */
  static ThreadFactory named(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** A fixed number of threads; whoever gives it tasks bounds them. */
  static ExecutorService pool(String name, int threads) {
    return Executors.newFixedThreadPool(threads, named(name));
  }

  /** A fixed number of threads for tasks at times to come. */
  static ScheduledExecutorService timer(String name, int threads) {
    return Executors.newScheduledThreadPool(threads, named(name));
  }

  /** Where the threads of that name are now, a line for each call, to be read by people. */
  static String stacks(String name) {
    StringBuilder text = new StringBuilder();
    Thread.getAllStackTraces().forEach((thread, stack) -> {
      if (thread.getName().startsWith(name + "-")) {
        text.append("\n").append(thread.getName()).append(' ').append(thread.getState());
        for (StackTraceElement call : stack) {
          text.append("\n    at ").append(call);
        }
      }
    });
    return text.toString();
  }

  private Threads() {}
}
