package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings new blobs to the nodes they belong to, and knows which have enough copies.
 *
 * <p>A blob goes to R nodes at once and is safe when W of them have it on stable storage, this one
 * among them whether it belongs here or not; R and W are those of the moment. A node that fails is
 * gone around; nobody waits for one that is down, and with fewer nodes alive than W, as many as
 * there are will do: the repair is told, and makes good. What is not yet sent costs memory up to a
 * limit, beyond that it is read back from the local store.
 *
 * <p>That a node has a blob is known for half of the time that it is held there: until then the
 * metadata has to refer to it. Whoever takes longer has the nodes asked again, see
 * docs/blob-protocol.md.
 *
 * <p>Thread-safe.
 */
final class Replicator {
  private static final Logger LOG = LoggerFactory.getLogger(Replicator.class);

  /** Bytes of arrays kept in memory, with the blobs in them, until these are sent. */
  private static final long KEPT_BYTES_MAX = 32L << 20;

  /** Blobs without enough copies, after which a writer waits. */
  private static final int UNSAFE_MAX = 512;

  /** The largest blob, as stored, that goes together with others. */
  private static final int PARCEL_BYTES_MAX = 32 << 10;

  /** What could not be sent to enough nodes is tried again after so long. */
  private static final long RETRY_MILLIS = 250;

  private final LocalBlobs local;
  private final BlobNodes nodes;
  private final WriteTargets targets;
  private final BlobPeers peers;
  private final ClusterBlobs.Threads threads;
  private final SafeBlobs safeBlobs;
  private final LongSupplier ticker;
  private final BlobBuffers buffers;
  private final StoredPuts storedPuts;
  private final BiConsumer<BlobId, NodeId> missed;
  private final ConcurrentMap<BlobId, Shipment> shipments = new ConcurrentHashMap<>();
  private final Lanes lanes;
  private final AtomicLong keptBytes = new AtomicLong();
  private final WritePermits permits;
  private final AtomicBoolean retryPlanned = new AtomicBoolean();

  Replicator(
      LocalBlobs local,
      ClusterBlobs.Peers others,
      ClusterBlobs.Threads threads,
      BlobBuffers buffers,
      BiConsumer<BlobId, NodeId> missed,
      ClusterSettings settings,
      LongSupplier ticker) {
    this.local = local;
    this.nodes = others.nodes();
    this.targets = new WriteTargets(nodes);
    this.peers = others.peers();
    this.threads = threads;
    this.lanes = new Lanes(peers, threads);
    this.buffers = buffers;
    this.missed = missed;
    storedPuts = new StoredPuts(local, buffers, threads.transfers());
    permits = new WritePermits(UNSAFE_MAX, settings.copiesLimit());
    safeBlobs = new SafeBlobs(local, settings, ticker);
    this.ticker = ticker;
    nodes.onChange(() -> {
      boolean unused = threads.transfer(this::nodesChanged);
    });
  }

  /** Whether there is no other node to think of. */
  boolean isAlone() {
    return nodes.nodes().size() <= 1;
  }

  /**
   * Sends a blob that was just written here to where it belongs. Waits while too many blobs lack
   * copies.
   *
   * @param message an array of {@link BlobBuffers} with the blob's id and bytes from index 0 on
   * @return whether the array was taken; it is given back to the buffers later
   */
  boolean send(BlobId id, byte[] message, int blobLength) {
    // Thousands of small blobs may wait for a slow node, and must not hold a large buffer each.
    int length = BlobId.SIZE_BYTES + blobLength;
    boolean copy = length <= message.length / 2;
    byte[] kept = copy ? Arrays.copyOf(message, length) : message;
    boolean keep = keptBytes.addAndGet(kept.length) <= KEPT_BYTES_MAX;
    Shipment shipment = new Shipment(id, blobLength, false);
    if (keep) {
      shipment.keep(kept, !copy);
    }
    shipment.permit.acquire(); // before others know of it, who are not to wait for that
    boolean begun = shipments.putIfAbsent(id, shipment) == null;
    if (!keep || !begun) {
      keptBytes.addAndGet(-kept.length);
    }
    if (begun) {
      shipment.fill();
    } else {
      shipment.permit.release();
    }
    return keep && begun && !copy;
  }

  /**
   * Sends a blob that is here and that the others may have already: they are asked first, and hold
   * it from then on. Does not wait for them.
   */
  void ensure(BlobId id) {
    if (!isAlone()) {
      Shipment unused = shipment(id);
    }
  }

  /** Those of the blobs on their way, of which it is not known well enough that they are safe. */
  private List<Shipment> unsafe(Set<BlobId> wanted) {
    List<Shipment> found = new ArrayList<>();
    if (!isAlone()) {
      for (BlobId id : wanted) {
        if (!safeBlobs.has(id)) {
          found.add(shipment(id));
        }
      }
    }
    return found;
  }

  /** The blob on its way: as it is already, or anew if that began too long ago. */
  private Shipment shipment(BlobId id) {
    Shipment present = shipments.get(id);
    if (present != null && !safeBlobs.isStale(present.begunNanos)) {
      return present;
    }
    Shipment shipment = new Shipment(id, localLength(id), true);
    boolean begun = present == null
        ? shipments.putIfAbsent(id, shipment) == null
        : shipments.replace(id, present, shipment);
    if (!begun) {
      return shipment(id);
    }
    if (present != null) {
      present.replacedBy(shipment);
    }
    if (shipment.blobLength == 0) {
      shipment.giveUp();
    } else {
      shipment.fill();
    }
    return shipment;
  }

  private int localLength(BlobId id) {
    try {
      return local.lengthBytes(id).orElse(0);
    } catch (IOException e) {
      LOG.warn("Cannot look for blob {}", id, e);
      return 0;
    }
  }

  /**
   * Done when enough nodes have each of the blobs, and hold them long enough for the metadata to
   * refer to them.
   *
   * @param wanted blobs that are pinned here
   */
  CompletableFuture<Void> copies(Set<BlobId> wanted) {
    List<Shipment> unsafe = unsafe(wanted);
    if (!unsafe.isEmpty()) {
      hurry();
    }
    return CompletableFuture.allOf(
        unsafe.stream().map(shipment -> shipment.safe).toArray(CompletableFuture<?>[]::new));
  }

  /** Somebody waits, or will before long, for what is small and waits to be sent. */
  void hurry() {
    lanes.hurry();
  }

  /** A pin ended: nobody here asks any more whether the blob is safe. */
  void forget(BlobId id) {
    safeBlobs.remove(id);
  }

  private void nodesChanged() {
    lanes.changed(nodes.nodes());
    shipments.values().forEach(Shipment::retry);
  }

  private void planRetry() {
    if (retryPlanned.compareAndSet(false, true)) {
      boolean unused = threads.transferAfter(RETRY_MILLIS, this::retry);
    }
  }

  private void retry() {
    retryPlanned.set(false);
    shipments.values().forEach(Shipment::retry);
  }

  /** One blob on its way. */
  private final class Shipment implements Lane.Cargo {
    private final long begunNanos = ticker.getAsLong();
    private final BlobId id;
    private final int blobLength;
    private final CompletableFuture<Void> safe = new CompletableFuture<>();
    private final WritePermits.Permit permit = permits.permit();

    /** Whether peers are asked first whether they have it. */
    private final boolean mayBeThere;

    private final Set<NodeId> have = ConcurrentHashMap.newKeySet();
    private final Set<NodeId> tried = ConcurrentHashMap.newKeySet();

    /** Those that were asked, and do not have it. */
    private final Set<NodeId> lacking = ConcurrentHashMap.newKeySet();

    /** Those that could not store it, and know. */
    private final Set<NodeId> unable = ConcurrentHashMap.newKeySet();

    /** Guarded by this, as is everything below. Null if it has to be read from the store. */
    private byte @Nullable [] message;

    /** Whether {@code message} may go back to the buffers once it is sent. */
    private boolean reusable;

    /** Whether a message with it failed: it then goes alone, in case it was the one to blame. */
    private boolean failed;

    private int sending;

    /** Threads that are about to send more. */
    private int filling;

    Shipment(BlobId id, int blobLength, boolean mayBeThere) {
      this.id = id;
      this.blobLength = blobLength;
      this.mayBeThere = mayBeThere;
    }

    synchronized void keep(byte[] message, boolean reusable) {
      this.message = message;
      this.reusable = reusable;
    }

    /** Sends to as many nodes as are to have it, in order, but for those tried before. */
    void fill() {
      synchronized (this) {
        filling++;
      }
      List<BlobNode> order = targets.inOrder(id);
      int wanted = targets.peersWanted(order);
      for (BlobNode node : order) {
        boolean more;
        synchronized (this) {
          more = have.size() + sending < wanted;
        }
        if (more && targets.isPeer(node) && !have.contains(node.id()) && tried.add(node.id())) {
          synchronized (this) {
            sending++;
          }
          lanes.add(node.id(), this);
        }
      }
      synchronized (this) {
        filling--;
      }
      settle();
    }

    @Override
    public BlobId id() {
      return id;
    }

    @Override
    public int lengthBytes() {
      return blobLength;
    }

    @Override
    public boolean isQuestion(NodeId to) {
      return mayBeThere && !lacking.contains(to);
    }

    @Override
    public void absent(NodeId to) {
      lacking.add(to);
    }

    @Override
    public synchronized boolean isAlone() {
      return failed;
    }

    @Override
    public synchronized @Nullable ByteBuffer parcel() {
      boolean isParcel = message != null && blobLength <= PARCEL_BYTES_MAX && !failed;
      return isParcel ? ByteBuffer.wrap(message, 0, BlobId.SIZE_BYTES + blobLength) : null;
    }

    @Override
    public CompletableFuture<?> send(NodeId to) {
      byte[] ready;
      synchronized (this) {
        ready = message;
      }
      return ready == null
          ? storedPuts.put(peers.of(to), id, blobLength)
          : peers.of(to).put(id, ByteBuffer.wrap(ready, 0, BlobId.SIZE_BYTES + blobLength));
    }

    @Override
    public void ended(NodeId to, @Nullable Throwable problem) {
      synchronized (this) {
        sending--;
        filling++;
        reusable &= problem == null; // else it may still be on its way
        failed |= problem != null;
        if (problem == null) {
          have.add(to);
        }
      }
      if (problem != null) {
        LOG.debug("Blob {} does not get to {}", id, to, problem);
        if (LatePuts.isKnownThere(problem)) {
          unable.add(to);
        }
        fill();
      }
      synchronized (this) {
        filling--;
      }
      settle();
    }

    /** Draws the consequences of how things are now. */
    private void settle() {
      boolean isSafe = 1 + have.size() >= targets.copiesNeeded();
      boolean isOver;
      byte[] free = null;
      boolean pool;
      synchronized (this) {
        isOver = sending == 0 && filling == 0;
        if (isOver) {
          free = message;
          message = null;
        }
        pool = reusable;
      }
      if (free != null) {
        keptBytes.addAndGet(-free.length);
        if (pool) {
          buffers.give(free);
        }
      }
      if (isSafe) {
        permit.release();
        safeBlobs.add(id, begunNanos);
        safe.complete(null);
      }
      if (isOver && isSafe) {
        end();
      } else if (isOver) {
        planRetry();
      }
    }

    private void end() {
      if (shipments.remove(id, this)) {
        targets.peersOf(id).stream()
            .filter(peer -> !have.contains(peer) && !unable.contains(peer))
            .forEach(peer -> missed.accept(id, peer));
      }
    }

    /** Looks at it again: fewer copies may do by now, or there may be more nodes. */
    void retry() {
      boolean isOver;
      synchronized (this) {
        isOver = sending == 0 && filling == 0;
      }
      if (isOver && !isHere()) {
        giveUp();
      } else if (isOver && safeBlobs.isStale(begunNanos) && shipments.get(id) == this) {
        Shipment unused = shipment(id); // those who have it may not hold it any more
      } else if (isOver) {
        tried.clear();
        fill();
      } else {
        settle();
      }
    }

    /** Nobody looks after this one any more: who waits for it waits for the other. */
    void replacedBy(Shipment anew) {
      var unused = anew.safe.whenComplete((done, problem) -> {
        if (problem == null) {
          safe.complete(null);
        } else {
          safe.completeExceptionally(problem);
        }
      });
      permit.release();
    }

    private boolean isHere() {
      try {
        return local.lengthBytes(id).isPresent();
      } catch (IOException e) {
        LOG.debug("Cannot look for blob {}", id, e);
        return true;
      }
    }

    private void giveUp() {
      safe.completeExceptionally(new IOException("blob " + id + " is no longer here"));
      shipments.remove(id, this);
      permit.release();
    }
  }
}
