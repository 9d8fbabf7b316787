package org.cairnfs.meta.raft;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;

/**
 * How far the log has been applied here, for those who wait for an entry that another node said is
 * committed. Thread-safe.
 */
final class AppliedIndex {
  private record Waiting(long index, CompletableFuture<Void> reached) {}

  /** Guarded by this, as is the other: nearest first. */
  private final PriorityQueue<Waiting> waiting =
      new PriorityQueue<>(Comparator.comparingLong(Waiting::index));

  private long appliedIndex;

  AppliedIndex(long appliedIndex) {
    this.appliedIndex = appliedIndex;
  }

  /** Done once that entry has been applied; by the thread that applied it, or at once. */
  synchronized CompletableFuture<Void> reach(long index) {
    if (index <= appliedIndex) {
      return CompletableFuture.completedFuture(null);
    }
    Waiting added = new Waiting(index, new CompletableFuture<>());
    waiting.add(added);
    return added.reached();
  }

  void applied(long index) {
    List<Waiting> reached = new ArrayList<>();
    synchronized (this) {
      appliedIndex = Math.max(appliedIndex, index);
      while (!waiting.isEmpty() && waiting.peek().index() <= appliedIndex) {
        reached.add(waiting.remove());
      }
    }
    reached.forEach(each -> each.reached().complete(null));
  }
}
