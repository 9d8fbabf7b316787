package org.cairnfs.blob;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.SizedBlob;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One walk over all blobs that the metadata refers to, page by page with nodes and replicas as they
 * are: which belong here and are missing, and which are here and belong elsewhere. For one thread,
 * but for the counters.
 */
final class RepairWalk {
  private static final Logger LOG = LoggerFactory.getLogger(RepairWalk.class);
  private static final int PAGE_BLOBS = 512;

  /** One blob of so many is checked on the other nodes, other ones in each walk; */
  private static final int SPOT_OF = 64;

  /** and not more of a page than this. */
  private static final int SPOT_CHECKS_MAX = 8;

  /** What a walk found so far. */
  static final class Counters {
    final LongAdder missing = new LongAdder();
    final LongAdder fetched = new LongAdder();
    final LongAdder lacking = new LongAdder();

    /** Those of the lacking that are lacking because a node that is up did not show its copy. */
    final LongAdder unshown = new LongAdder();

    final LongAdder unavailable = new LongAdder();
    final LongAdder surplus = new LongAdder();

    /** Blobs that were missing and have not been fetched since. */
    long stillMissing() {
      return missing.sum() - fetched.sum();
    }
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
  private final long promiseNanos;
  private final LongSupplier ticker;
  private final long number;
  private final List<SpotCheck> checks = new ArrayList<>();
  private final Counters counters = new Counters();
  private List<BlobNode> nodes = List.of();
  private Replication replication = Replication.DEFAULT;
  private @Nullable BlobId position;
  private boolean hasEnded;

  RepairWalk(
      LocalBlobs local,
      BlobCatalog catalog,
      ClusterBlobs.Peers others,
      ClusterSettings settings,
      LongSupplier ticker,
      long number) {
    this.number = number;
    this.local = local;
    this.catalog = catalog;
    this.peers = others.peers();
    this.known = others.nodes();
    this.self = known.self();
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
   */
  void run(Worker worker, BooleanSupplier ended) throws IOException {
    while (!hasEnded && !ended.getAsBoolean()) {
      for (Surplus each : nextPage(worker, ended)) {
        boolean unused = giveUp(each);
      }
      spotChecks();
    }
  }

  /** A blob that belongs elsewhere only, and whether all it belongs to promise to hold it. */
  record Surplus(
      SizedBlob blob, boolean leaving, long askedNanos, CompletableFuture<List<Holder>> holders) {}

  /** A node that promises to hold a blob, and how it shows that it has it. */
  record Holder(NodeId node, RemoteBlobs.Proof proof) {}

  boolean hasEnded() {
    return hasEnded;
  }

  /** Looks at the next blobs; those that are surplus others are being asked about. */
  List<Surplus> nextPage(Worker worker, BooleanSupplier ended) throws IOException {
    nodes = known.nodes();
    replication = known.replication();
    int replicas = replication.replicasOf(nodes.size());
    boolean leaving = isLeaving(nodes, self);
    List<SizedBlob> page = catalog.referenced(position, PAGE_BLOBS);
    hasEnded = page.size() < PAGE_BLOBS;
    List<Surplus> surplus = new ArrayList<>();
    for (SizedBlob blob : page) {
      position = blob.id();
      List<BlobNode> placed = Placement.placed(blob.id(), nodes, replicas);
      if (checks.size() < SPOT_CHECKS_MAX && isSpot(blob.id(), placed)) {
        checks.add(new SpotCheck(blob, placed));
      }
      if (look(blob, placed, worker)) {
        surplus.add(new Surplus(blob, leaving, ticker.getAsLong(), holders(blob, placed)));
      }
      if (ended.getAsBoolean()) {
        break;
      }
    }
    return surplus;
  }

  /** Returns whether the blob is here and belongs elsewhere only. */
  private boolean look(SizedBlob blob, List<BlobNode> placed, Worker worker) throws IOException {
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
   * Gives up a blob that every node has promised to hold, and shown to have, to which it belongs;
   * returns whether it did. A promise is good for half of the time that they hold it. Waits for the
   * answers.
   */
  boolean giveUp(Surplus surplus) throws IOException {
    BlobId id = surplus.blob().id();
    List<Holder> holders = answers(surplus.holders());
    byte[] own = holders.isEmpty() ? null : local.readIntact(id);
    if (own == null) {
      return false;
    }
    for (Holder holder : holders) {
      if (!holder.proof().isOf(own)) {
        doubt(holder.node(), id);
        return false;
      }
    }
    boolean good = ticker.getAsLong() - surplus.askedNanos() < promiseNanos;
    boolean leaving = surplus.leaving() && holders.size() >= enough();
    boolean gone = good && local.giveUp(id, leaving);
    if (gone) {
      counters.surplus.decrement();
    }
    return gone;
  }

  /** Copies elsewhere, so that nobody needs this one whom it was promised to as a last resort. */
  private int enough() {
    return Math.min(replication.writeQuorumOf(nodes.size()), nodes.size() - 1);
  }

  /** All of the nodes, if each promises to hold the blob; none if not. */
  private CompletableFuture<List<Holder>> holders(SizedBlob blob, List<BlobNode> placed) {
    CompletableFuture<List<Holder>> all = CompletableFuture.completedFuture(List.of());
    for (BlobNode node : placed) {
      if (!node.live()) {
        return CompletableFuture.completedFuture(List.of());
      }
      all = all.thenCombine(holder(node.id(), blob.id()), (before, next) -> {
        List<Holder> more = new ArrayList<>(before);
        more.add(next);
        return more;
      });
    }
    return all;
  }

  private CompletableFuture<Holder> holder(NodeId node, BlobId id) {
    RemoteBlobs peer = peers.of(node);
    return peer.hold(id).thenCompose(length -> {
      if (length.isEmpty()) {
        return CompletableFuture.failedFuture(new IOException(node + " does not hold it"));
      }
      return peer.prove(id).thenApply(proof -> new Holder(node, proof));
    });
  }

  private static List<Holder> answers(CompletableFuture<List<Holder>> holders) {
    try {
      return holders.join();
    } catch (CompletionException e) {
      return List.of(); // somebody does not have it, or does not answer: the next walk asks again
    }
  }

  /**
   * A node is asked to show a blob that is here, too, now and then: it might only say it has it.
   */
  private record SpotCheck(SizedBlob blob, List<BlobNode> placed) {}

  private boolean isSpot(BlobId id, List<BlobNode> placed) {
    return Long.remainderUnsigned(id.word1() + number, SPOT_OF) == 0
        && placed.size() > 1
        && placed.stream().anyMatch(node -> node.id().equals(self));
  }

  private void spotChecks() throws IOException {
    for (SpotCheck check : checks) {
      BlobId id = check.blob().id();
      byte[] own = local.readIntact(id);
      for (BlobNode node : check.placed()) {
        if (own != null && node.live() && !node.id().equals(self)) {
          spotCheck(node.id(), id, own);
        }
      }
    }
    checks.clear();
  }

  private void spotCheck(NodeId node, BlobId id, byte[] own) {
    try {
      if (!peers.of(node).prove(id).join().isOf(own)) {
        doubt(node, id);
      }
    } catch (CompletionException e) {
      LOG.debug("{} does not show blob {}", node, id, e);
      counters.lacking.increment();
      counters.unshown.increment();
    }
  }

  private void doubt(NodeId node, BlobId id) {
    LOG.warn("{} says that it has blob {}, and cannot show it", node, id);
    counters.lacking.increment();
    counters.unshown.increment();
    peers.of(node).suspect(id);
  }
}
