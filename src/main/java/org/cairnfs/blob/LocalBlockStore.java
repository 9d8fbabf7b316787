package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.DiskFullException;
import org.cairnfs.store.LostBlobsException;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blocks kept in the local store; read from there, or from further sources when it has no intact
 * copy.
 *
 * <p>Thread-safe. Owns neither the store nor the executors. {@link #write} must not be called on
 * the sealing executor's threads: it waits while too many blocks are pending.
 */
public final class LocalBlockStore implements BlockStore {
  private static final Logger LOG = LoggerFactory.getLogger(LocalBlockStore.class);

  private final BlobStore store;
  private final FileStore disk;
  private final BlockSealer sealer;
  private final Threads threads;
  private final FrameCache cache;
  private final FrameReader reader;
  private final BlobBuffers buffers = new BlobBuffers();
  private final Pins pins = new Pins();
  private final Semaphore writePermits;
  private final Semaphore prefetchPermits;
  private final LongAdder deduplicatedBytes = new LongAdder();

  /**
   * The threads that work for a block store.
   *
   * @param sealing seals and appends blocks; as many as there are cores
   * @param prefetching reads ahead; one or two
   */
  public record Threads(Executor sealing, Executor prefetching) {}

  /**
   * A block store over a local store.
   *
   * @param disk the disk that {@code store} lives on, asked for its space only
   * @param otherSources asked in this order for what {@code store} lacks
   */
  public LocalBlockStore(
      BlobStore store,
      FileStore disk,
      BlockSealer sealer,
      Threads threads,
      List<BlobSource> otherSources,
      BlockStoreLimits limits) {
    this.store = store;
    this.disk = disk;
    this.sealer = sealer;
    this.threads = threads;
    cache = new FrameCache(limits.cacheBytes());
    List<BlobSource> sources = new ArrayList<>();
    sources.add(new LocalBlobSource(store));
    sources.addAll(otherSources);
    reader = new FrameReader(sources, sealer, cache, buffers, limits.cachedKeys());
    writePermits = new Semaphore(limits.pendingWrites());
    prefetchPermits = new Semaphore(limits.pendingPrefetches());
  }

  @Override
  public CompletableFuture<BlobRef> write(byte[] plain, int offset, int length) {
    requireBlock(plain, offset, length);
    CompletableFuture<BlobRef> result = new CompletableFuture<>();
    writePermits.acquireUninterruptibly();
    try {
      threads.sealing().execute(() -> sealAndComplete(plain, offset, length, result));
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
    int blobLength = BlobFormat.blobLengthOf(length);
    byte[] blob = buffers.takeArray(blobLength);
    try {
      BlobRef ref = sealer.seal(plain, offset, length, blob, 0);
      pinAndAppend(ref, ByteBuffer.wrap(blob, 0, blobLength));
      return ref;
    } finally {
      buffers.give(blob);
    }
  }

  private void pinAndAppend(BlobRef ref, ByteBuffer blob) {
    ReentrantLock lock = pins.lockOf(ref.id());
    lock.lock();
    try {
      if (!store.append(ref.id(), blob)) {
        deduplicatedBytes.add(ref.plainLengthBytes());
      }
      pins.add(ref.id());
    } catch (IOException e) {
      throw failure("storing blob " + ref.id(), e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void unpin(BlobRef ref) {
    pins.remove(ref.id());
  }

  @Override
  public void read(BlobRef ref, int offset, ByteBuffer into) {
    Objects.checkFromIndexSize(offset, into.remaining(), ref.plainLengthBytes());
    reader.read(ref, offset, into);
  }

  @Override
  public void prefetch(BlobRef ref, int offset, int length) {
    int end = (int) Math.min((long) offset + length, ref.plainLengthBytes());
    if (offset < 0 || offset >= end) {
      return;
    }
    int first = offset / Limits.FRAME_SIZE_BYTES;
    int last = (end - 1) / Limits.FRAME_SIZE_BYTES;
    if (!reader.lacksAny(ref.id(), first, last) || !prefetchPermits.tryAcquire()) {
      return;
    }
    try {
      threads.prefetching().execute(() -> load(ref, first, last));
    } catch (RejectedExecutionException e) {
      prefetchPermits.release();
      LOG.debug("Not reading ahead: the threads for it have stopped", e);
    }
  }

  private void load(BlobRef ref, int firstFrame, int lastFrame) {
    try {
      reader.load(ref, firstFrame, lastFrame);
    } catch (PosixException e) {
      // The reader who wants these bytes meets the same failure and gets it reported.
      LOG.debug("Reading ahead in blob {} failed", ref.id(), e);
    } finally {
      prefetchPermits.release();
    }
  }

  @Override
  public Set<BlobId> sync(Set<BlobId> wanted) {
    try {
      store.sync();
      return Set.of();
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

  @Override
  public boolean collect(BlobId id, Predicate<BlobId> referenced) {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      // In this order: a pin ends only after the metadata refers to the blob.
      if (pins.has(id) || referenced.test(id)) {
        return false;
      }
      store.delete(id);
      return true;
    } catch (IOException e) {
      throw failure("deleting blob " + id, e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<BlobId> list(@Nullable BlobId after, int max) {
    try {
      return store.list(after, max);
    } catch (IOException e) {
      throw failure("listing the local store", e);
    }
  }

  @Override
  public long compact() {
    try {
      return store.compact();
    } catch (IOException e) {
      throw failure("compacting the local store", e);
    }
  }

  @Override
  public long usableBytes() {
    try {
      return disk.getUsableSpace();
    } catch (IOException e) {
      throw failure("asking for free space", e);
    }
  }

  @Override
  public long totalBytes() {
    try {
      return disk.getTotalSpace();
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
