package org.cairnfs.blob;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * The time, the chance and the order of everything in a {@link BlobSimulation}: one queue of
 * events, one thread. Same seed, same run.
 */
final class SimWorld {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1000 * MILLI;
  static final long MINUTE = 60 * SECOND;

  private static final int TRACE_LINES = 400;

  private record Event(long time, long number, Runnable task) {}

  final Random random;
  private final PriorityQueue<Event> queue =
      new PriorityQueue<>(Comparator.comparingLong(Event::time).thenComparingLong(Event::number));
  private final Deque<String> trace = new ArrayDeque<>();
  private long now;
  private long scheduled;

  /** Whether a disk or the metadata has changed since somebody looked. */
  private boolean changed;

  SimWorld(long seed) {
    random = new Random(seed);
  }

  long now() {
    return now;
  }

  void after(long nanos, Runnable task) {
    queue.add(new Event(now + nanos, scheduled++, task));
  }

  /** After a time between the two. */
  void after(long fromNanos, long toNanos, Runnable task) {
    after(between(fromNanos, toNanos), task);
  }

  long between(long from, long to) {
    return from + (long) (random.nextDouble() * (to - from));
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  void changed() {
    changed = true;
  }

  /** Lets that much time pass. */
  void run(Duration time, Runnable whenChanged) {
    long end = now + time.toNanos();
    while (!queue.isEmpty() && queue.peek().time() <= end) {
      Event next = queue.remove();
      now = next.time();
      next.task().run();
      if (changed) {
        changed = false;
        whenChanged.run();
      }
    }
    now = end;
  }

  void log(String what) {
    if (trace.size() == TRACE_LINES) {
      trace.removeFirst();
    }
    trace.addLast("%12.3f s  %s".formatted(now / (double) SECOND, what));
  }

  /** The last things that happened. */
  String trace() {
    return String.join("\n", trace);
  }
}
