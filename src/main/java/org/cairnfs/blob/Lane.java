package org.cairnfs.blob;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * The blobs on their way to one peer: a queue of which so many bytes are under way at a time, so
 * that a slow peer holds up nobody but itself. Thread-safe; never blocks.
 */
final class Lane {
  /** What a peer takes before it has answered anything is half of this. */
  private static final int UNDER_WAY_BYTES_MAX = 8 << 20;

  private static final int UNDER_WAY_MAX = 64;

  /** Names of blobs only: their bytes are read back from the store if need be. */
  private static final int QUEUE_MAX = 8192;

  /** Something to bring to the peer. */
  interface Cargo {
    int lengthBytes();

    /** Begins to send; does not block. The future is done when the peer has it. */
    CompletableFuture<?> send(NodeId to);

    /** Called once for each time it was added, with what came of it. */
    void ended(NodeId to, @Nullable Throwable problem);
  }

  private final NodeId to;

  /** Guarded by this, as is everything below. */
  private final ArrayDeque<Cargo> queue = new ArrayDeque<>();

  /** The oldest first: what ends together ends in order, and a simulation can be repeated. */
  private final Map<Cargo, CompletableFuture<?>> underWay = new LinkedHashMap<>();

  private long underWayBytes;

  /** Whether a thread is sending: others leave it to that one, so that no stack grows. */
  private boolean sending;

  Lane(NodeId to) {
    this.to = to;
  }

  /** Sends it when its turn comes; if the queue is full, it has ended at once. */
  void add(Cargo cargo) {
    boolean taken;
    synchronized (this) {
      taken = queue.size() < QUEUE_MAX;
      if (taken) {
        queue.add(cargo);
      }
    }
    if (taken) {
      send();
    } else {
      cargo.ended(to, new IllegalStateException("too much waits for " + to));
    }
  }

  private void send() {
    for (Cargo next = next(false); next != null; next = next(true)) {
      Cargo cargo = next;
      CompletableFuture<?> sent = begin(cargo);
      synchronized (this) {
        if (underWay.containsKey(cargo)) {
          underWay.put(cargo, sent);
        }
      }
      var unused = sent.whenComplete((done, problem) -> ended(cargo, problem));
    }
  }

  private CompletableFuture<?> begin(Cargo cargo) {
    try {
      return cargo.send(to);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** What may be sent now, or null; then the caller sends no more. */
  private synchronized @Nullable Cargo next(boolean isSender) {
    if (sending != isSender) {
      return null;
    }
    Cargo next = queue.peek();
    boolean mayGo = next != null
        && (underWay.isEmpty()
            || (underWay.size() < UNDER_WAY_MAX
                && underWayBytes + next.lengthBytes() <= UNDER_WAY_BYTES_MAX));
    sending = mayGo;
    if (next == null || !mayGo) {
      return null;
    }
    queue.remove();
    underWay.put(next, new CompletableFuture<>());
    underWayBytes += next.lengthBytes();
    return next;
  }

  private void ended(Cargo cargo, @Nullable Throwable problem) {
    synchronized (this) {
      underWay.remove(cargo);
      underWayBytes -= cargo.lengthBytes();
    }
    cargo.ended(to, problem);
    send();
  }

  /** The peer is gone: everything ends now. */
  void abort() {
    List<Cargo> waiting;
    List<CompletableFuture<?>> sent;
    synchronized (this) {
      waiting = new ArrayList<>(queue);
      queue.clear();
      sent = new ArrayList<>(underWay.values());
    }
    sent.forEach(each -> each.cancel(false));
    waiting.forEach(each -> each.ended(to, new IllegalStateException(to + " is down")));
  }
}
