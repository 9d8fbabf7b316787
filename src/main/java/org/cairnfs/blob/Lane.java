package org.cairnfs.blob;

import java.nio.ByteBuffer;
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
 * that a slow peer holds up nobody but itself. Small ones that wait go together, in one message and
 * with one wait for the peer's disk. Thread-safe; never blocks.
 */
final class Lane {
  /** What a peer takes before it has answered anything is half of this. */
  private static final int UNDER_WAY_BYTES_MAX = 8 << 20;

  private static final int UNDER_WAY_MAX = 64;

  /** Messages with parcels; while so many are under way, more come together for the next one. */
  private static final int PARCELS_UNDER_WAY_MAX = 2;

  /** Of parcels in one message. */
  private static final int PARCELS_BYTES_MAX = 512 << 10;

  /** Names of blobs only: their bytes are read back from the store if need be. */
  private static final int QUEUE_MAX = 8192;

  /** Something to bring to the peer. */
  interface Cargo {
    int lengthBytes();

    /**
     * The whole message, if it is a small one that may go together with others; else null, and it
     * is to be {@linkplain #send sent}.
     */
    @Nullable
    ByteBuffer parcel();

    /** Begins to send; does not block. The future is done when the peer has it. */
    CompletableFuture<?> send(NodeId to);

    /** Called once for each time it was added, with what came of it. */
    void ended(NodeId to, @Nullable Throwable problem);
  }

  /** What goes in one message. */
  private static final class Load {
    final List<Cargo> cargo = new ArrayList<>();

    /** Of all the cargo, or none of it. */
    final List<ByteBuffer> parcels = new ArrayList<>();

    int bytes;

    void add(Cargo each, @Nullable ByteBuffer parcel) {
      cargo.add(each);
      bytes += each.lengthBytes();
      if (parcel != null) {
        parcels.add(parcel);
      }
    }

    boolean hasParcels() {
      return !parcels.isEmpty();
    }

    boolean hasRoomFor(Cargo another) {
      return cargo.size() < BlobMessages.SEVERAL_MAX
          && bytes + another.lengthBytes() <= PARCELS_BYTES_MAX;
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
      return load.cargo.size() == 1
          ? load.cargo.get(0).send(to)
          : peers.of(to).putAll(load.parcels);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** What may be sent now, or null; then the caller sends no more. */
  private synchronized @Nullable Load next(boolean isSender) {
    if (sending != isSender) {
      return null;
    }
    Cargo first = queue.peek();
    ByteBuffer parcel = first == null ? null : first.parcel();
    boolean mayGo = first != null && mayGo(first, parcel != null);
    sending = mayGo;
    if (first == null || !mayGo) {
      return null;
    }
    queue.remove();
    Load load = new Load();
    load.add(first, parcel);
    if (parcel != null) {
      fill(load);
      parcelsUnderWay++;
    }
    underWay.put(load, new CompletableFuture<>());
    underWayBytes += load.bytes;
    return load;
  }

  private boolean mayGo(Cargo first, boolean isParcel) {
    return underWay.isEmpty()
        || (underWay.size() < UNDER_WAY_MAX
            && (!isParcel || parcelsUnderWay < PARCELS_UNDER_WAY_MAX)
            && underWayBytes + first.lengthBytes() <= UNDER_WAY_BYTES_MAX);
  }

  /** Adds the parcels that come next. */
  private void fill(Load load) {
    for (Cargo next = queue.peek(); next != null && load.hasRoomFor(next); next = queue.peek()) {
      ByteBuffer parcel = next.parcel();
      if (parcel == null) {
        return;
      }
      queue.remove();
      load.add(next, parcel);
    }
  }

  private void ended(Load load, @Nullable Throwable problem) {
    synchronized (this) {
      underWay.remove(load);
      underWayBytes -= load.bytes;
      if (load.hasParcels()) {
        parcelsUnderWay--;
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
