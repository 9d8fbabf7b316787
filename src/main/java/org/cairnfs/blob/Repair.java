package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Phaser;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.SizedBlob;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that this node has the blobs that belong here, intact, and no others.
 *
 * <p>Each node looks after itself: it knows all blobs and all nodes, and so what belongs to it. It
 * walks over all of them after the start, after the nodes or the number of replicas changed, after
 * something could not be stored here, and now and then; while something is left to do, soon again.
 * Only what did not get from here to other nodes it brings to them. Thread-safe.
 */
final class Repair implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Repair.class);

  /** Blobs fetched at the same time, so that readers find threads, too. */
  private static final int FETCHES_MAX = 3;

  /** Between walks as long as something is left to do here; at first less. */
  private static final Duration AGAIN_MAX = Duration.ofSeconds(30);

  private final LocalBlobs local;
  private final BlobCatalog catalog;
  private final ClusterBlobs.Peers others;
  private final PeerReads reads;

  /** What other nodes put here and could not be stored, on a full disk above all. */
  private final MissedCopies refused;

  private final LatePuts latePuts;
  private final ClusterBlobs.Threads threads;
  private final ClusterSettings settings;
  private final LongSupplier ticker;
  private final Pace pace;
  private final Due due;
  private final Semaphore fetches = new Semaphore(FETCHES_MAX);
  private final AtomicBoolean running = new AtomicBoolean();
  private final AtomicLong walks = new AtomicLong();

  /** Counts walks and fetches under way, and those who wait for their end. */
  private final Phaser underWay = new Phaser(1);

  /** Of the walk under way, or the last one. */
  private volatile RepairWalk.Counters counters = new RepairWalk.Counters();

  /** Of the last walk that came to its end. */
  private volatile RepairWalk.Counters ended = counters;

  private volatile boolean started;

  /** Walks since the last one after which nothing was left to do. For the walk under way. */
  private int unfinished;

  /**
   * Which blobs other nodes are asked to show: the same until they have. For the walk under way.
   */
  private long spots;

  /** Counts changes, so that a walk notices one that came meanwhile. */
  private final AtomicLong changes = new AtomicLong();

  Repair(
      LocalBlobs local,
      BlobCatalog catalog,
      ClusterBlobs.Peers others,
      PeerReads reads,
      ClusterBlobs.Threads threads,
      ClusterSettings settings,
      LongSupplier ticker) {
    this.local = local;
    this.catalog = catalog;
    this.others = others;
    this.reads = reads;
    this.threads = threads;
    this.settings = settings;
    this.ticker = ticker;
    pace = new Pace(settings.repairBytesPerSecond(), ticker);
    due = new Due(ticker);
    BlobNodes nodes = others.nodes();
    refused = new MissedCopies(local, catalog, nodes, settings, ticker);
    MissedCopies elsewhere = new MissedCopies(local, catalog, nodes, settings, ticker);
    latePuts = new LatePuts(local, others, elsewhere, pace, settings.settle(), ticker);
    local.onDamaged(this::damaged);
    local.onRefused(this::refused);
    nodes.onChange(this::changed);
  }

  void start() {
    started = true;
    changed();
    long millis = Math.max(1, settings.settle().toMillis() / 2);
    var unused =
        threads.timer().scheduleWithFixedDelay(this::tick, millis, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Nodes, replicas or blobs are no longer what they were: there will be a walk soon. Does not
   * block.
   */
  void changed() {
    changes.incrementAndGet();
    due.in(settings.settle());
    latePuts.trySoon();
  }

  RepairStats stats() {
    RepairWalk.Counters before = ended;
    RepairWalk.Counters now = counters;
    // A walk that has just begun has found nothing yet, and all is as the one before has left it.
    long missing = Math.max(before.stillMissing(), now.stillMissing());
    long lacking = Math.max(before.lacking.sum(), now.lacking.sum());
    return new RepairStats(
        missing,
        now.fetched.sum(),
        Math.max(lacking, latePuts.count()) + Math.max(missing, refused.count()),
        Math.max(before.unavailable.sum(), now.unavailable.sum()),
        now.surplus.sum(),
        walks.get(),
        running.get());
  }

  /** Returns when no walk and no fetch is under way; there is none afterwards. */
  @Override
  public void close() {
    pace.close();
    reads.close();
    latePuts.close();
    int unused = underWay.arriveAndAwaitAdvance();
  }

  private boolean isAlone() {
    return others.nodes().nodes().size() <= 1;
  }

  private void tick() {
    boolean begins = started && !isAlone() && due.isNow();
    if (begins && running.compareAndSet(false, true) && !run(this::walk)) {
      running.set(false);
    }
    if (started && latePuts.begin()) {
      boolean unused = run(latePuts::run);
    }
  }

  /** Runs it on another thread, unless this is closing. */
  private boolean run(Runnable task) {
    int unused = underWay.register();
    try {
      if (!pace.isClosed()) {
        threads.transfers().execute(() -> {
          try {
            task.run();
          } finally {
            int phase = underWay.arriveAndDeregister();
            LOG.trace("Repair phase {}", phase);
          }
        });
        return true;
      }
    } catch (RejectedExecutionException e) {
      LOG.debug("Nothing is repaired: the node is stopping", e);
    }
    unused = underWay.arriveAndDeregister();
    return false;
  }

  private void walk() {
    long before = changes.get();
    RepairWalk walk = new RepairWalk(local, catalog, others, settings, ticker, spots);
    counters = walk.counters();
    Duration next = settings.repairInterval();
    try {
      walk.run(this::fetchSoon, pace::isClosed);
      fetches.acquireUninterruptibly(FETCHES_MAX); // until the last one has ended
      fetches.release(FETCHES_MAX);
      if (walk.counters().fetched.sum() > 0) {
        local.sync(); // until then what was damaged counts as that
      }
      RepairWalk.Counters found = walk.counters();
      ended = found;
      boolean done = found.stillMissing() == 0 && found.surplus.sum() == 0 && refused.areSettled();
      boolean shown = found.unshown.sum() == 0;
      spots += shown ? 1 : 0;
      unfinished = done && shown ? 0 : unfinished + 1;
      next = next(done ? settings.repairInterval() : AGAIN_MAX);
      LOG.debug("Walked over all blobs: {}", stats());
    } catch (IOException | RuntimeException e) {
      if (!pace.isClosed()) {
        LOG.warn("Repairing blobs failed; it goes on later", e);
        next = AGAIN_MAX;
      }
    }
    walks.incrementAndGet();
    due.in(next);
    if (changes.get() != before) { // in this order: one that comes later has the last word itself
      due.within(settings.settle());
    }
    running.set(false);
  }

  /** When to walk again: what is missing may be on its way, or far from it. */
  private Duration next(Duration most) {
    Duration limit = min(most, settings.repairInterval());
    if (unfinished == 0) {
      return limit;
    }
    Duration wait = settings.settle();
    for (int i = 1; i < unfinished && wait.compareTo(limit) < 0; i++) {
      wait = wait.multipliedBy(2);
    }
    return min(wait, limit);
  }

  private static Duration min(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Fetches a blob on another thread; waits while too many are under way. */
  private void fetchSoon(SizedBlob blob, RepairWalk.Counters count) {
    int bytes = blob.lengthBytes();
    if (!pace.take(bytes)) {
      return;
    }
    fetches.acquireUninterruptibly();
    boolean begun = run(() -> {
      try {
        (fetch(blob) ? count.fetched : count.unavailable).increment();
      } finally {
        fetches.release();
      }
    });
    if (!begun) {
      fetches.release();
    }
  }

  /** Makes a replica here, of the cached copy or a peer's. */
  private boolean fetch(SizedBlob blob) {
    BlobId id = blob.id();
    try {
      if (!local.promoteIfCached(id, catalog::isReferenced)) {
        ByteBuffer bytes =
            reads.fetch(id, 0, blob.lengthBytes(), fetched -> Hashes.isBlob(id, fetched));
        boolean unused = local.keep(id, bytes, catalog::isReferenced);
      }
      return true;
    } catch (IOException | RuntimeException e) {
      LOG.debug("Blob {} belongs here and cannot be had", id, e);
      return false;
    }
  }

  /** A replica was found damaged and is no longer served. */
  private void damaged(BlobId id) {
    if (!isAlone()) {
      LOG.warn("Blob {} is damaged here; it is fetched anew", id);
      changed();
    }
  }

  /** Another node's blob could not be stored here, and its writer goes on without this copy. */
  private void refused(BlobId id) {
    if (refused.add(id, others.nodes().self())) { // else it looks again soon anyway
      changes.incrementAndGet();
      due.within(settings.settle());
    }
  }

  /** A blob that was written here did not get to a node that is to have it. Does not block. */
  void missed(BlobId id, NodeId node) {
    latePuts.missed(id, node);
  }
}
