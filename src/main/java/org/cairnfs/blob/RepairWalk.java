package org.cairnfs.blob;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.crypto.BlobFormat;
import org.jspecify.annotations.Nullable;

/**
 * One walk over all blobs that the metadata refers to, page by page with the nodes as they are:
 * which belong here and are missing, and which are here and belong elsewhere. For one thread, but
 * for the counters.
 */
final class RepairWalk {
  private static final int PAGE_BLOBS = 512;

  /** What a walk found so far. */
  static final class Counters {
    final LongAdder checked = new LongAdder();
    final LongAdder missing = new LongAdder();
    final LongAdder fetched = new LongAdder();
    final LongAdder lacking = new LongAdder();
    final LongAdder unavailable = new LongAdder();
    final LongAdder surplus = new LongAdder();
  }

  /** Does what the walk finds to be done. */
  interface Worker {
    /** A blob belongs here and is not here. May return before it is. */
    void fetch(SizedBlob blob, Counters counters);
  }

  private final LocalBlobs local;
  private final BlobCatalog catalog;
  private final BlobPeers peers;
  private final BlobNodes known;
  private final NodeId self;
  private final int replicas;
  private final long promiseNanos;
  private final LongSupplier ticker;
  private final Counters counters = new Counters();
  private List<BlobNode> nodes = List.of();
  private @Nullable BlobId position;
  private boolean hasEnded;

  RepairWalk(
      LocalBlobs local,
      BlobCatalog catalog,
      ClusterBlobs.Peers others,
      ClusterSettings settings,
      LongSupplier ticker) {
    this.local = local;
    this.catalog = catalog;
    this.peers = others.peers();
    this.known = others.nodes();
    this.self = known.self();
    this.replicas = settings.replicas();
    this.promiseNanos = settings.hold().toNanos() / 2;
    this.ticker = ticker;
  }

  /** Whether a node keeps nothing in the long run. */
  static boolean isLeaving(BlobNodes nodes) {
    return isLeaving(nodes.nodes(), nodes.self());
  }

  private static boolean isLeaving(List<BlobNode> nodes, NodeId self) {
    return nodes.stream().noneMatch(node -> node.id().equals(self) && node.placeable());
  }

  Counters counters() {
    return counters;
  }

  /**
   * Walks.
   *
   * @param ended asked now and then whether to end early
   * @return whether anything was given up here, so that there is space to win back
   */
  boolean run(Worker worker, BooleanSupplier ended) throws IOException {
    boolean gaveUp = false;
    while (!hasEnded && !ended.getAsBoolean()) {
      for (Surplus each : nextPage(worker, ended)) {
        gaveUp |= isTrue(each.promised()) && giveUp(each);
      }
    }
    return gaveUp;
  }

  /** A blob that belongs elsewhere only, and whether all it belongs to promise to hold it. */
  record Surplus(
      SizedBlob blob, boolean leaving, long askedNanos, CompletableFuture<Boolean> promised) {}

  boolean hasEnded() {
    return hasEnded;
  }

  /** Looks at the next blobs; those that are surplus others are being asked about. */
  List<Surplus> nextPage(Worker worker, BooleanSupplier ended) throws IOException {
    nodes = known.nodes();
    boolean leaving = isLeaving(nodes, self);
    List<SizedBlob> page = catalog.referenced(position, PAGE_BLOBS);
    hasEnded = page.size() < PAGE_BLOBS;
    List<Surplus> surplus = new ArrayList<>();
    for (SizedBlob blob : page) {
      position = blob.id();
      List<BlobNode> placed = Placement.placed(blob.id(), nodes, replicas);
      if (look(blob, placed, worker)) {
        surplus.add(new Surplus(blob, leaving, ticker.getAsLong(), areThere(blob, placed)));
      }
      if (ended.getAsBoolean()) {
        break;
      }
    }
    return surplus;
  }

  /** Returns whether the blob is here and belongs elsewhere only. */
  private boolean look(SizedBlob blob, List<BlobNode> placed, Worker worker) throws IOException {
    counters.checked.increment();
    boolean belongsHere = placed.stream().anyMatch(node -> node.id().equals(self));
    boolean isHere = local.lengthBytes(blob.id()).isPresent();
    if (belongsHere && !isHere) {
      counters.missing.increment();
      worker.fetch(blob, counters);
    } else if (placed.stream().anyMatch(node -> !node.live())) {
      counters.lacking.increment();
    }
    boolean isSurplus = !belongsHere && isHere && !local.isPinned(blob.id());
    if (isSurplus) {
      counters.surplus.increment();
    }
    return isSurplus;
  }

  /**
   * Gives up a blob that every node has promised to hold to which it belongs; returns whether it
   * did. A promise is good for half of the time that they hold it.
   */
  boolean giveUp(Surplus surplus) throws IOException {
    boolean good = ticker.getAsLong() - surplus.askedNanos() < promiseNanos;
    boolean gone = good && local.giveUp(surplus.blob().id(), surplus.leaving());
    if (gone) {
      counters.surplus.decrement();
    }
    return gone;
  }

  private CompletableFuture<Boolean> areThere(SizedBlob blob, List<BlobNode> placed) {
    List<CompletableFuture<Boolean>> each = new ArrayList<>();
    for (BlobNode node : placed) {
      if (!node.live()) {
        return CompletableFuture.completedFuture(false);
      }
      each.add(peers.of(node.id()).hold(blob.id()).thenApply(OptionalInt::isPresent));
    }
    CompletableFuture<Boolean> all = CompletableFuture.completedFuture(!each.isEmpty());
    for (CompletableFuture<Boolean> one : each) {
      all = all.thenCombine(one, (before, there) -> before && there);
    }
    return all;
  }

  private static boolean isTrue(CompletableFuture<Boolean> answer) {
    try {
      return answer.join();
    } catch (CompletionException e) {
      return false; // a peer does not answer: the next walk asks again
    }
  }

  /** The length of the blob as stored. */
  static int blobLength(SizedBlob blob) {
    return BlobFormat.blobLengthOf(blob.plainLengthBytes());
  }
}
