package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.store.DiskFullException;
import org.cairnfs.store.LostBlobsException;
import org.cairnfs.store.StoreStats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blocks kept in the local store and on the nodes they belong to; read from there, the local copy
 * first.
 *
 * <p>Thread-safe. Owns neither the store nor the executors. {@link #write} must not be called on
 * the sealing executor's threads: it waits while too many blocks are pending.
 */
public final class LocalBlockStore implements BlockStore {
  private static final Logger LOG = LoggerFactory.getLogger(LocalBlockStore.class);

  private final Below below;
  private final LocalBlobs store;
  private final BlockSealer sealer;
  private final Executor sealing;
  private final FrameCache cache;
  private final FrameReader reader;
  private final BlobBuffers buffers;
  private final Semaphore writePermits;
  private final Semaphore prefetchPermits;
  private final LongAdder deduplicatedBytes = new LongAdder();

  /**
   * What blocks are kept in.
   *
   * @param disk the disk that {@code store} lives on, asked for its space only
   * @param sources asked in this order, {@code store} first
   * @param fetching brings near what is elsewhere and will be read soon
   */
  record Below(
      LocalBlobs store,
      FileStore disk,
      Replicator replicator,
      BlobCatalog catalog,
      BlobCollector collector,
      List<BlobSource> sources,
      Executor fetching,
      BlobBuffers buffers,
      ClusterSettings settings) {}

  LocalBlockStore(Below below, BlockSealer sealer, Executor sealing, BlockStoreLimits limits) {
    this.below = below;
    this.store = below.store();
    this.sealer = sealer;
    this.sealing = sealing;
    this.buffers = below.buffers();
    cache = new FrameCache(limits.cacheBytes());
    reader = new FrameReader(below.sources(), sealer, cache, buffers, limits.cachedKeys());
    writePermits = new Semaphore(limits.pendingWrites());
    prefetchPermits = new Semaphore(limits.pendingPrefetches());
  }

  @Override
  public CompletableFuture<BlobRef> write(byte[] plain, int offset, int length) {
    requireBlock(plain, offset, length);
    CompletableFuture<BlobRef> result = new CompletableFuture<>();
    writePermits.acquireUninterruptibly();
    try {
      sealing.execute(() -> sealAndComplete(plain, offset, length, result));
    } catch (RejectedExecutionException e) {
      writePermits.release();
      result.completeExceptionally(
          new PosixException(Errno.EIO, "the sealing threads have stopped", e));
    }
    return result;
  }

  /** Whatever goes wrong, the future says so: a caller waits for it. */
  private void sealAndComplete(
      byte[] plain, int offset, int length, CompletableFuture<BlobRef> result) {
    BlobRef ref;
    try {
      ref = writeNow(plain, offset, length);
    } catch (Throwable e) {
      writePermits.release();
      result.completeExceptionally(e);
      return;
    }
    // Before completing: what depends on the future may want to write.
    writePermits.release();
    result.complete(ref);
  }

  @Override
  public BlobRef writeNow(byte[] plain, int offset, int length) {
    requireBlock(plain, offset, length);
    int blobLength = sealer.blobLengthOf(length);
    // As it is sent to peers: the id before the blob.
    byte[] message = buffers.takeArray(BlobId.SIZE_BYTES + blobLength);
    boolean taken = false;
    try {
      BlobRef ref = sealer.seal(plain, offset, length, message, BlobId.SIZE_BYTES);
      taken = store(ref, message, blobLength);
      return ref;
    } catch (IOException e) {
      throw failure("storing a block", e);
    } finally {
      if (!taken) {
        buffers.give(message);
      }
    }
  }

  /** Stores and pins it here, and has it sent; returns whether the array was taken. */
  private boolean store(BlobRef ref, byte[] message, int blobLength) throws IOException {
    BlobId id = ref.id();
    boolean added = store.write(id, ByteBuffer.wrap(message, BlobId.SIZE_BYTES, blobLength));
    if (!added) {
      deduplicatedBytes.add(ref.plainLengthBytes());
    }
    if (below.replicator().isAlone()) {
      return false;
    }
    if (!added && store.readIntact(id) == null) {
      // This copy counts, and is what the others are sent.
      store.restore(id, ByteBuffer.wrap(message, BlobId.SIZE_BYTES, blobLength));
    }
    if (added && !below.catalog().isReferenced(id)) {
      id.write(ByteBuffer.wrap(message));
      return below.replicator().send(id, message, blobLength);
    }
    // Others are likely to have it. That the metadata refers to it says nothing of later: whoever
    // has it must hold it now, or it may go before this reference is committed.
    below.replicator().ensure(id);
    return false;
  }

  @Override
  public boolean share(BlobRef ref) {
    BlobId id = ref.id();
    try {
      if (!store.pinIfHere(id)) {
        return false;
      }
      if (!isAlone()) {
        if (store.readIntact(id) == null) {
          unpin(ref);
          return false;
        }
        below.replicator().ensure(id); // as in store(): others must hold it from now on
      }
      deduplicatedBytes.add(ref.plainLengthBytes());
      return true;
    } catch (IOException e) {
      throw failure("looking for a block", e);
    }
  }

  @Override
  public void unpin(BlobRef ref) {
    store.unpin(ref.id());
    below.replicator().forget(ref.id());
  }

  @Override
  public void discard(BlobRef ref) {
    unpin(ref);
    below.collector().add(List.of(ref.id()));
  }

  @Override
  public void abandon(BlobRef ref) {
    store.unpinAndHold(ref.id());
    below.replicator().forget(ref.id());
    below.collector().add(List.of(ref.id()));
  }

  @Override
  public void read(BlobRef ref, int offset, ByteBuffer into) {
    Objects.checkFromIndexSize(offset, into.remaining(), ref.plainLengthBytes());
    reader.read(ref, offset, into);
  }

  @Override
  public boolean isHere(BlobRef ref) {
    try {
      return store.isHere(ref.id());
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void prefetch(BlobRef ref) {
    if (isHere(ref.id()) || !prefetchPermits.tryAcquire()) {
      return;
    }
    try {
      below.fetching().execute(() -> fetch(ref));
    } catch (RejectedExecutionException e) {
      prefetchPermits.release();
      LOG.debug("Not reading ahead: the threads for it have stopped", e);
    }
  }

  private boolean isHere(BlobId id) {
    try {
      return isAlone() || store.isHere(id);
    } catch (IOException e) {
      LOG.debug("Cannot look for blob {}", id, e);
      return true; // whoever reads it finds out
    }
  }

  private void fetch(BlobRef ref) {
    try {
      for (BlobSource source : below.sources()) {
        source.prepare(ref.id(), ref.blobLengthBytes());
      }
    } catch (IOException | RuntimeException e) {
      // Whoever reads it meets the same failure and gets it reported.
      LOG.debug("Blob {} cannot be fetched ahead", ref.id(), e);
    } finally {
      prefetchPermits.release();
    }
  }

  @Override
  public Set<BlobId> sync(Set<BlobId> wanted) {
    below.replicator().hurry(); // while this disk syncs, the others do
    Set<BlobId> lost = syncHere(wanted);
    Set<BlobId> kept = wanted;
    if (!lost.isEmpty()) {
      kept = new HashSet<>(wanted);
      kept.removeAll(lost);
    }
    awaitCopies(kept);
    return lost;
  }

  private void awaitCopies(Set<BlobId> wanted) {
    try {
      below
          .replicator()
          .copies(wanted)
          .get(below.settings().copiesLimit().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new PosixException(Errno.EIO, "too few nodes have what was written", e);
    } catch (ExecutionException e) {
      throw new PosixException(Errno.EIO, "replicating blobs", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EIO, "interrupted while blobs were replicated", e);
    }
  }

  @Override
  public CompletableFuture<Void> stillKept(Set<BlobId> wanted) {
    return below.replicator().copies(wanted);
  }

  /**
   * The part of {@link #sync} that is about this node. A copy that was found damaged meanwhile is
   * lost, too: it would count and is not there.
   */
  Set<BlobId> syncHere(Set<BlobId> wanted) {
    try {
      store.sync();
      return below.replicator().isAlone() ? Set.of() : notHere(wanted);
    } catch (LostBlobsException e) {
      Set<BlobId> lost = new HashSet<>(e.lost());
      lost.retainAll(wanted);
      if (!lost.isEmpty()) {
        LOG.error("{} blobs could not be synced", lost.size(), e);
      }
      return lost;
    } catch (IOException e) {
      throw failure("syncing the local store", e);
    }
  }

  private Set<BlobId> notHere(Set<BlobId> wanted) throws IOException {
    Set<BlobId> lost = new HashSet<>();
    for (BlobId id : wanted) {
      if (store.lengthBytes(id).isEmpty()) {
        lost.add(id);
      }
    }
    return lost;
  }

  @Override
  public boolean isAlone() {
    return below.replicator().isAlone();
  }

  @Override
  public byte[] sealed(BlobRef ref) {
    byte[] blob = new byte[ref.blobLengthBytes()];
    try {
      store.read(ref.id(), 0, ByteBuffer.wrap(blob));
      return blob;
    } catch (IOException e) {
      throw failure("reading a block just stored", e);
    }
  }

  @Override
  public void restore(BlobId id, byte[] sealed) {
    try {
      store.restore(id, ByteBuffer.wrap(sealed));
    } catch (IOException e) {
      throw failure("storing a block again", e);
    }
  }

  @Override
  public long usableBytes() {
    try {
      return below.disk().getUsableSpace();
    } catch (IOException e) {
      throw failure("asking for free space", e);
    }
  }

  @Override
  public long totalBytes() {
    try {
      return below.disk().getTotalSpace();
    } catch (IOException e) {
      throw failure("asking for the disk's size", e);
    }
  }

  @Override
  public BlockStats stats() {
    StoreStats stored = store.stats();
    return new BlockStats(
        stored.blobs(),
        stored.liveBytes(),
        stored.diskBytes(),
        stored.damagedBlobs(),
        cache.hits(),
        cache.misses(),
        cache.weightBytes(),
        deduplicatedBytes.sum());
  }

  private static PosixException failure(String what, IOException e) {
    return new PosixException(e instanceof DiskFullException ? Errno.ENOSPC : Errno.EIO, what, e);
  }

  private static void requireBlock(byte[] plain, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, plain.length);
    if (length < 1 || length > Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("no block is " + length + " bytes long");
    }
  }
}
