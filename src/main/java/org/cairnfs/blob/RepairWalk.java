package org.cairnfs.blob;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
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
  private final Counters counters = new Counters();
  private List<BlobNode> nodes = List.of();
  private @Nullable BlobId position;

  RepairWalk(LocalBlobs local, BlobCatalog catalog, ClusterBlobs.Peers others, int replicas) {
    this.local = local;
    this.catalog = catalog;
    this.peers = others.peers();
    this.known = others.nodes();
    this.self = known.self();
    this.replicas = replicas;
  }

  /** Whether a node keeps nothing in the long run. */
  static boolean isLeaving(BlobNodes nodes) {
    return nodes.nodes().stream()
        .noneMatch(node -> node.id().equals(nodes.self()) && node.placeable());
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
    List<SizedBlob> page;
    do {
      nodes = known.nodes();
      page = catalog.referenced(position, PAGE_BLOBS);
      Map<SizedBlob, List<BlobNode>> elsewhere = new HashMap<>();
      for (SizedBlob blob : page) {
        position = blob.id();
        look(blob, worker, elsewhere);
        if (ended.getAsBoolean()) {
          return gaveUp;
        }
      }
      gaveUp |= giveUp(elsewhere);
    } while (page.size() == PAGE_BLOBS && !ended.getAsBoolean());
    return gaveUp;
  }

  private void look(SizedBlob blob, Worker worker, Map<SizedBlob, List<BlobNode>> elsewhere)
      throws IOException {
    counters.checked.increment();
    List<BlobNode> placed = Placement.placed(blob.id(), nodes, replicas);
    boolean belongsHere = placed.stream().anyMatch(node -> node.id().equals(self));
    boolean isHere = local.lengthBytes(blob.id()).isPresent();
    if (belongsHere && !isHere) {
      counters.missing.increment();
      worker.fetch(blob, counters);
    } else if (placed.stream().anyMatch(node -> !node.live())) {
      counters.lacking.increment();
    }
    if (!belongsHere && isHere && !local.isPinned(blob.id())) {
      counters.surplus.increment();
      elsewhere.put(blob, placed);
    }
  }

  /** Gives up those that every node has they belong to; the others stay for the next walk. */
  private boolean giveUp(Map<SizedBlob, List<BlobNode>> elsewhere) throws IOException {
    Map<SizedBlob, CompletableFuture<Boolean>> answers = new HashMap<>();
    elsewhere.forEach((blob, placed) -> answers.put(blob, areThere(blob, placed)));
    boolean any = false;
    for (Map.Entry<SizedBlob, CompletableFuture<Boolean>> entry : answers.entrySet()) {
      if (isTrue(entry.getValue()) && local.giveUp(entry.getKey().id(), isLeaving(known))) {
        counters.surplus.decrement();
        any = true;
      }
    }
    return any;
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
