package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * The blobs on their way to one peer: a queue of which so many bytes are under way at a time, so
 * that a slow peer holds up nobody but itself. Small ones go together, in one message and with one
 * wait for the peer's disk, and so do questions whether the peer has a blob already: they wait for
 * others until a message is full or somebody is {@linkplain #hurry in a hurry}. Thread-safe; never
 * blocks.
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
  private final Consumer<Runnable> soon;

  /** Guarded by this, as is everything below. */
  private final ArrayDeque<Cargo> queue = new ArrayDeque<>();

  /** Of what is in the queue, but for questions. */
  private long queuedBytes;

  /** Whether what is in the queue is not to wait for more. */
  private boolean hurried;

  /** Whether it will be hurried before long. */
  private boolean hurriedSoon;

  /** The oldest first: what ends together ends in order, and a simulation can be repeated. */
  private final Map<Load, CompletableFuture<?>> underWay = new LinkedHashMap<>();

  private long underWayBytes;
  private int parcelsUnderWay;
  private int questionsUnderWay;

  /** Whether a thread is sending: others leave it to that one, so that no stack grows. */
  private boolean sending;

  /** @param soon runs something when what waits has waited long enough for more, if ever */
  Lane(NodeId to, BlobPeers peers, Consumer<Runnable> soon) {
    this.to = to;
    this.peers = peers;
    this.soon = soon;
  }

  /** Sends it when its turn comes; if the queue is full, it has ended at once. */
  void add(Cargo cargo) {
    boolean taken;
    synchronized (this) {
      taken = queue.size() < QUEUE_MAX;
      if (taken) {
        queue.add(cargo);
        queuedBytes += queuedBytes(cargo);
        hurried |= !load(cargo).isGathered();
      }
    }
    if (taken) {
      send();
      hurrySoon();
    } else {
      cargo.ended(to, new IllegalStateException("too much waits for " + to));
    }
  }

  private void hurrySoon() {
    synchronized (this) {
      if (queue.isEmpty() || hurried || hurriedSoon) {
        return;
      }
      hurriedSoon = true;
    }
    soon.accept(this::hurry);
  }

  /** Somebody waits for what is in the queue: it goes as soon as it can. */
  void hurry() {
    synchronized (this) {
      hurriedSoon = false;
      hurried = !queue.isEmpty();
    }
    send();
  }

  private long queuedBytes(Cargo cargo) {
    return cargo.isQuestion(to) ? 0 : cargo.lengthBytes();
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
    Load load = load(first);
    sending = mayGo(load);
    if (!sending) {
      return null;
    }
    dequeue();
    if (load.isGathered()) {
      fill(load);
      count(load, 1);
    }
    hurried &= !queue.isEmpty();
    underWay.put(load, new CompletableFuture<>());
    underWayBytes += load.bytes;
    return load;
  }

  private Load load(Cargo first) {
    Load load = new Load(first.isQuestion(to));
    load.add(first, load.isQuestion ? null : first.parcel());
    return load;
  }

  private void dequeue() {
    queuedBytes -= queuedBytes(queue.remove());
  }

  private boolean mayGo(Load load) {
    if (load.isGathered()
        && !hurried
        && queue.size() < BlobMessages.SEVERAL_MAX
        && queuedBytes < PARCELS_BYTES_MAX) {
      return false; // more may come
    }
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
      dequeue();
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
        queuedBytes += absent.get(i).lengthBytes();
      }
      hurried |= !absent.isEmpty();
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
      queuedBytes = 0;
      sent = new ArrayList<>(underWay.values());
    }
    sent.forEach(each -> each.cancel(false));
    waiting.forEach(each -> each.ended(to, new IllegalStateException(to + " is down")));
  }
}
