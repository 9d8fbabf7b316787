package org.cairnfs.blob;

import java.nio.file.FileStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.net.Handlers;
import org.cairnfs.store.BlobStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's part in keeping the cluster's blobs: serves its own to peers, writes new ones to as many
 * nodes as it takes, reads from where they are, repairs and deletes. A node alone uses the same and
 * sends nothing.
 *
 * <p>Thread-safe. Owns none of what it is given.
 */
public final class ClusterBlobs implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterBlobs.class);

  /**
   * Where blobs are kept here.
   *
   * @param replicas those that belong here
   * @param cached those that were fetched for reading
   * @param cachedMaxBytes what {@code cached} may take of the disk
   * @param disk underneath both, asked for its space only
   */
  public record Stores(
      BlobStore replicas, CachedStore cached, long cachedMaxBytes, FileStore disk) {}

  /** The other nodes. */
  public record Peers(BlobNodes nodes, BlobPeers peers) {}

  /**
   * The threads that work for this.
   *
   * @param timer short tasks by the clock, and collecting, which reads and writes the disk; one
   *     thread
   * @param transfers wait for peers and the disk; about twelve, and not fewer than six
   */
  public record Threads(ScheduledExecutorService timer, Executor transfers) {
    /** Runs it where it may block; returns false if the node is stopping. */
    boolean transfer(Runnable task) {
      try {
        transfers.execute(task);
        return true;
      } catch (RejectedExecutionException e) {
        LOG.debug("The threads that transfer blobs have stopped", e);
        return false;
      }
    }

    /** As {@link #transfer}, later. */
    boolean transferAfter(long millis, Runnable task) {
      try {
        var unused = timer.schedule(() -> transfer(task), millis, TimeUnit.MILLISECONDS);
        return true;
      } catch (RejectedExecutionException e) {
        LOG.debug("The timer of the blobs has stopped", e);
        return false;
      }
    }
  }

  /** Between readings of all blobs. */
  private static final Duration SCRUB_REST = Duration.ofHours(6);

  private final LocalBlobs local;
  private final CachedBlobs cached;
  private final Holds holds;
  private final FileStore disk;
  private final Peers others;
  private final Threads threads;
  private final ClusterSettings settings;
  private final LongSupplier ticker;
  private final BlobCatalog catalog;
  private final BlobBuffers buffers = new BlobBuffers();
  private final Replicator replicator;
  private final PeerReads reads;
  private final BlobCollector collector;
  private final Repair repair;
  private @Nullable ScheduledFuture<?> scrubbing;

  /** @param ticker nanoseconds of a clock that never jumps */
  public ClusterBlobs(
      Stores stores,
      BlobCatalog catalog,
      Peers others,
      Threads threads,
      ClusterSettings settings,
      LongSupplier ticker) {
    this.disk = stores.disk();
    this.catalog = catalog;
    this.others = others;
    this.threads = threads;
    this.settings = settings;
    this.ticker = ticker;
    holds = new Holds(settings.hold(), ticker);
    cached = new CachedBlobs(stores.cached(), stores.cachedMaxBytes(), () -> !isAlone());
    local = new LocalBlobs(stores.replicas(), cached, holds);
    reads = new PeerReads(others, settings, ticker);
    repair = new Repair(local, catalog, others, reads, threads, settings, ticker);
    replicator = new Replicator(local, others, threads, buffers, repair::missed, settings, ticker);
    collector = new BlobCollector(
        local, catalog, holds, others.nodes(), replicator::ensure, threads.timer(), ticker);
  }

  private boolean isAlone() {
    return others.nodes().nodes().size() <= 1;
  }

  /** Has the server take messages about blobs, on as many threads as may wait for the disk. */
  public void register(Handlers.Builder handlers, Executor executor) {
    new BlobService(local, () -> RepairWalk.isLeaving(others.nodes())).register(handlers, executor);
  }

  /** The blocks of this node, for a vfs. Needs the volume's key, as nothing else does. */
  public BlockStore blockStore(BlockSealer sealer, Executor sealing, BlockStoreLimits limits) {
    LocalBlockStore.Below below = new LocalBlockStore.Below(
        local,
        disk,
        replicator,
        catalog,
        collector,
        List.of(new LocalBlobSource(local), new ClusterBlobSource(local, reads)),
        threads.transfers(),
        buffers,
        settings);
    return new LocalBlockStore(below, sealer, sealing, limits);
  }

  /**
   * Begins to collect, to sweep and to repair. To be called when the catalog has everything that
   * was committed before this node started: before, a blob may look unneeded that is not.
   */
  public void start() {
    if (!isAlone()) {
      holds.addAll(); // writers elsewhere may rely on what this node had before it stopped
    }
    collector.start();
    repair.start();
    if (settings.scrubBytesPerSecond() > 0) {
      NodeId self = others.nodes().self();
      BlobId first = new BlobId(self.word0(), self.word1(), self.word2(), self.word3());
      Scrub scrub = new Scrub(local, first, SCRUB_REST, ticker);
      scrubbing = threads
          .timer()
          .scheduleWithFixedDelay(
              () -> scrub.step(settings.scrubBytesPerSecond()), 1, 1, TimeUnit.SECONDS);
    }
  }

  /** The metadata needs these no longer, unless it refers to them again. Does not block. */
  public void dropped(List<BlobId> ids) {
    collector.add(ids);
  }

  /** The catalog was replaced as a whole. Does not block. */
  public void reloaded() {
    collector.sweepAgain();
    repair.changed();
  }

  public RepairStats repairStats() {
    return repair.stats();
  }

  /** Bytes of disk that cached blobs take. */
  public long cachedBytes() {
    return cached.diskBytes();
  }

  /** Bytes of blobs that came from peers since the start, to be read or to be kept. */
  public long fetchedBytes() {
    return reads.fetchedBytes();
  }

  /** Returns when nothing of this works in the background any more; what it serves then fails. */
  @Override
  public void close() {
    ScheduledFuture<?> scrub = scrubbing;
    if (scrub != null) {
      scrub.cancel(false);
    }
    collector.close();
    repair.close();
    cached.close();
  }
}
