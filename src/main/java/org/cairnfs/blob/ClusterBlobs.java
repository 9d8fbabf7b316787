package org.cairnfs.blob;

import java.nio.file.FileStore;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.net.Handlers;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.SegmentStore;

/**
 * A node's part in keeping the cluster's blobs: serves its own to peers, writes new ones to as many
 * nodes as it takes, reads from where they are, repairs and deletes. A node alone uses the same and
 * sends nothing.
 *
 * <p>Thread-safe. Owns none of what it is given.
 */
@SuppressWarnings("DoNotCallSuggester") // until it is written
public final class ClusterBlobs implements AutoCloseable {
  /**
   * Where blobs are kept here.
   *
   * @param replicas those that belong here
   * @param cached those that were fetched for reading
   * @param cachedMaxBytes what {@code cached} may take of the disk
   * @param disk underneath both, asked for its space only
   */
  public record Stores(
      BlobStore replicas, SegmentStore cached, long cachedMaxBytes, FileStore disk) {}

  /** The other nodes. */
  public record Peers(BlobNodes nodes, BlobPeers peers) {}

  /**
   * The threads that work for this.
   *
   * @param timer short tasks by the clock, and collecting, which reads and writes the disk; one
   *     thread
   * @param transfers wait for peers and the disk; about eight
   */
  public record Threads(ScheduledExecutorService timer, Executor transfers) {}

  /** @param ticker nanoseconds of a clock that never jumps */
  public ClusterBlobs(
      Stores stores,
      BlobCatalog catalog,
      Peers peers,
      Threads threads,
      ClusterSettings settings,
      LongSupplier ticker) {
    throw new UnsupportedOperationException("not written yet");
  }

  /** Has the server take messages about blobs, on as many threads as may wait for the disk. */
  public void register(Handlers.Builder handlers, Executor executor) {
    throw new UnsupportedOperationException("not written yet");
  }

  /** The blocks of this node, for a vfs; once. Needs the volume's key, as nothing else does. */
  public BlockStore blockStore(
      BlockSealer sealer, LocalBlockStore.Threads threads, BlockStoreLimits limits) {
    throw new UnsupportedOperationException("not written yet");
  }

  /**
   * Begins to collect, to sweep and to repair. To be called when the catalog has everything that
   * was committed before this node started: before, a blob may look unneeded that is not.
   */
  public void start() {
    throw new UnsupportedOperationException("not written yet");
  }

  /** The metadata needs these no longer, unless it refers to them again. Does not block. */
  public void dropped(List<BlobId> ids) {
    throw new UnsupportedOperationException("not written yet");
  }

  /** The catalog was replaced as a whole. Does not block. */
  public void reloaded() {
    throw new UnsupportedOperationException("not written yet");
  }

  public RepairStats repairStats() {
    throw new UnsupportedOperationException("not written yet");
  }

  /** Returns when nothing of this touches the stores any more. */
  @Override
  public void close() {
    throw new UnsupportedOperationException("not written yet");
  }
}
