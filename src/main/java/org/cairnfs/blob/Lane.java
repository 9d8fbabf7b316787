package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * The blobs on their way to one peer: a queue of which so many bytes are under way at a time, so
 * that a slow peer holds up nobody but itself. Small ones that wait go together, in one message and
 * with one wait for the peer's disk, and so do questions whether the peer has a blob already.
 * Thread-safe; never blocks.
 */
final class Lane {
  /** What a peer takes before it has answered anything is half of this. */
  private static final int UNDER_WAY_BYTES_MAX = 8 << 20;

  private static final int UNDER_WAY_MAX = 64;

  /** Messages of parcels, and of questions: while so many are under way, more gather. */
  private static final int GATHERED_UNDER_WAY_MAX = 2;

  /** Of parcels in one message. */
  private static final int PARCELS_BYTES_MAX = 512 << 10;

  /** Names of blobs only: their bytes are read back from the store if need be. */
  private static final int QUEUE_MAX = 8192;

  /** Something to bring to the peer. */
  interface Cargo {
    BlobId id();

    int lengthBytes();

    /**
     * Whether the peer is to be asked whether it has it; then it has {@linkplain #ended ended}, or
     * is {@linkplain #absent absent}.
     */
    boolean isQuestion(NodeId to);

    /** The peer does not have it: it comes next, and is no question any more. */
    void absent(NodeId to);

    /** Whether it is not to go together with others. */
    boolean isAlone();

    /**
     * The whole message, if it is a small one that may go together with others; else null, and it
     * is to be {@linkplain #send sent}. Not of a question.
     */
    @Nullable
    ByteBuffer parcel();

    /** Begins to send; does not block. The future is done when the peer has it. */
    CompletableFuture<?> send(NodeId to);

    /** Called once for each time it was added, with what came of it. */
    void ended(NodeId to, @Nullable Throwable problem);
  }

  /** What goes in one message, all of it of one kind. */
  private static final class Load {
    final List<Cargo> cargo = new ArrayList<>();
    final boolean isQuestion;

    /** Of all the cargo, or none of it. */
    final List<ByteBuffer> parcels = new ArrayList<>();

    /** The answer to a question, once there is one. */
    Set<BlobId> held = Set.of();

    /** What it takes of the bytes that may be under way. */
    int bytes;

    Load(boolean isQuestion) {
      this.isQuestion = isQuestion;
    }

    void add(Cargo each, @Nullable ByteBuffer parcel) {
      cargo.add(each);
      bytes += isQuestion ? BlobId.SIZE_BYTES : each.lengthBytes();
      if (parcel != null) {
        parcels.add(parcel);
      }
    }

    boolean isGathered() {
      return isQuestion || !parcels.isEmpty();
    }

    boolean hasRoomFor(Cargo another) {
      return cargo.size() < BlobMessages.SEVERAL_MAX
          && !cargo.get(0).isAlone()
          && !another.isAlone()
          && (isQuestion || bytes + another.lengthBytes() <= PARCELS_BYTES_MAX);
    }
  }

  private final NodeId to;
  private final BlobPeers peers;

  /** Guarded by this, as is everything below. */
  private final ArrayDeque<Cargo> queue = new ArrayDeque<>();

  /** The oldest first: what ends together ends in order, and a simulation can be repeated. */
  private final Map<Load, CompletableFuture<?>> underWay = new LinkedHashMap<>();

  private long underWayBytes;
  private int parcelsUnderWay;
  private int questionsUnderWay;

  /** Whether a thread is sending: others leave it to that one, so that no stack grows. */
  private boolean sending;

  Lane(NodeId to, BlobPeers peers) {
    this.to = to;
    this.peers = peers;
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
    for (Load next = next(false); next != null; next = next(true)) {
      Load load = next;
      CompletableFuture<?> sent = begin(load);
      synchronized (this) {
        if (underWay.containsKey(load)) {
          underWay.put(load, sent);
        }
      }
      var unused = sent.whenComplete((done, problem) -> ended(load, problem));
    }
  }

  private CompletableFuture<?> begin(Load load) {
    try {
      if (load.isQuestion) {
        return ask(load);
      }
      return load.cargo.size() == 1
          ? load.cargo.get(0).send(to)
          : peers.of(to).putAll(load.parcels);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletableFuture<?> ask(Load load) {
    List<BlobId> ids = load.cargo.stream().map(Cargo::id).toList();
    return peers.of(to).holdAll(ids).thenAccept(held -> load.held = held);
  }

  /** What may be sent now, or null; then the caller sends no more. */
  private synchronized @Nullable Load next(boolean isSender) {
    if (sending != isSender) {
      return null;
    }
    Cargo first = queue.peek();
    if (first == null) {
      sending = false;
      return null;
    }
    Load load = new Load(first.isQuestion(to));
    load.add(first, load.isQuestion ? null : first.parcel());
    sending = mayGo(load);
    if (!sending) {
      return null;
    }
    queue.remove();
    if (load.isGathered()) {
      fill(load);
      count(load, 1);
    }
    underWay.put(load, new CompletableFuture<>());
    underWayBytes += load.bytes;
    return load;
  }

  private boolean mayGo(Load load) {
    return underWay.isEmpty()
        || (underWay.size() < UNDER_WAY_MAX
            && (!load.isGathered()
                || (load.isQuestion ? questionsUnderWay : parcelsUnderWay) < GATHERED_UNDER_WAY_MAX)
            && underWayBytes + load.bytes <= UNDER_WAY_BYTES_MAX);
  }

  private void count(Load load, int by) {
    if (load.isQuestion) {
      questionsUnderWay += by;
    } else {
      parcelsUnderWay += by;
    }
  }

  /** Adds what comes next and is of the same kind. */
  private void fill(Load load) {
    for (Cargo next = queue.peek(); next != null && load.hasRoomFor(next); next = queue.peek()) {
      boolean isQuestion = next.isQuestion(to);
      ByteBuffer parcel = isQuestion ? null : next.parcel();
      if (isQuestion != load.isQuestion || (!isQuestion && parcel == null)) {
        return;
      }
      queue.remove();
      load.add(next, parcel);
    }
  }

  private void ended(Load load, @Nullable Throwable problem) {
    List<Cargo> absent = load.isQuestion && problem == null
        ? load.cargo.stream().filter(each -> !load.held.contains(each.id())).toList()
        : List.of();
    absent.forEach(each -> each.absent(to));
    load.cargo.removeAll(absent);
    synchronized (this) {
      for (int i = absent.size() - 1; i >= 0; i--) {
        queue.addFirst(absent.get(i));
      }
      underWay.remove(load);
      underWayBytes -= load.bytes;
      if (load.isGathered()) {
        count(load, -1);
      }
    }
    load.cargo.forEach(each -> each.ended(to, problem));
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
