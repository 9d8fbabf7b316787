package org.cairnfs.meta;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/** A log on the heap whose entries are applied when the test says so, or at once. */
final class QueuedMetaLog implements MetaLog {
  private record Waiting(byte[] entry, CompletableFuture<byte[]> reply) {}

  private final MetaStore store;
  private final boolean atOnce;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final List<byte[]> applied = new ArrayList<>();
  private final List<Consumer<PosixException>> listeners = new ArrayList<>();
  private final long firstIndex;
  private @Nullable PosixException stall;
  private @Nullable IOException failure;

  QueuedMetaLog(MetaStore store, boolean atOnce) {
    this.store = store;
    this.atOnce = atOnce;
    this.firstIndex = store.applied().index() + 1;
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] entry) {
    CompletableFuture<byte[]> reply = new CompletableFuture<>();
    boolean apply;
    synchronized (this) {
      if (failure != null) {
        reply.completeExceptionally(failure);
        return reply;
      }
      waiting.add(new Waiting(entry, reply));
      apply = atOnce && stall == null;
    }
    if (apply) {
      applyNext();
    }
    return reply;
  }

  /** Applies the oldest entry; returns whether there was one. */
  boolean applyNext() {
    Waiting next;
    byte[] answer;
    synchronized (this) {
      next = waiting.poll();
      if (next == null) {
        return false;
      }
      applied.add(next.entry());
      answer = store.apply(1, firstIndex + applied.size() - 1, next.entry());
    }
    // Not under the lock: whoever waits may come back with another entry.
    next.reply().complete(answer);
    return true;
  }

  void applyAll() {
    while (applyNext()) {
      // Until none is left.
    }
  }

  /** Every entry applied, oldest first. */
  synchronized List<byte[]> applied() {
    return List.copyOf(applied);
  }

  synchronized int waiting() {
    return waiting.size();
  }

  synchronized void stall(PosixException reason) {
    stall = reason;
    listeners.forEach(listener -> listener.accept(reason));
  }

  void resume() {
    synchronized (this) {
      stall = null;
    }
    applyAll();
  }

  /** Refuses everything that waits and everything to come. */
  synchronized void fail(IOException reason) {
    failure = reason;
    for (Waiting next = waiting.poll(); next != null; next = waiting.poll()) {
      next.reply().completeExceptionally(reason);
    }
  }

  @Override
  public boolean hasLeader() {
    return true;
  }

  @Override
  public synchronized @Nullable PosixException stalled() {
    return stall;
  }

  @Override
  public synchronized void onStall(Consumer<PosixException> listener) {
    listeners.add(listener);
  }

  /** How many want to hear of stalls. */
  synchronized int listeners() {
    return listeners.size();
  }

  @Override
  public void close() {
    fail(new IOException("closed"));
  }
}
