package org.cairnfs.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/** Some requests at a time. */
final class UnderWay {
  private static final int MAX = 4;

  private final Deque<CompletableFuture<?>> requests = new ArrayDeque<>();

  /** Takes one more; waits for the oldest when there are enough. Returns how many there are. */
  int add(CompletableFuture<?> next) {
    requests.add(next);
    if (requests.size() == MAX) {
      var unused = requests.remove().join();
    }
    return requests.size();
  }
}
