package org.cairnfs.blob;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.store.BlobStore;

/** Makes block stores for tests, and blocks for them. */
final class Blocks {
  static final int FRAME = BlobFormat.LATEST.frameBytes();

  /** Those of the heap that a node has unless it is told otherwise. */
  static final BlockStoreLimits LIMITS = BlockStoreLimits.forHeap(512L << 20);

  static final Executor CALLER = Runnable::run;

  /** Opens no store: nothing is cached. */
  static final CachedStore NO_CACHE = () -> {
    throw new IOException("nothing is cached");
  };

  private Blocks() {}

  static CachedBlobs nothingCached() {
    return new CachedBlobs(NO_CACHE, 0, () -> false);
  }

  static BlockSealer sealer() {
    return sealer(BlobFormat.LATEST);
  }

  static BlockSealer sealer(BlobFormat format) {
    MasterKey master = MasterKey.of(new byte[MasterKey.SIZE_BYTES]);
    return new BlockSealer(VolumeKeys.derive(master), format);
  }

  /** That store alone, without cached blobs. */
  static LocalBlobs local(BlobStore store) {
    return new LocalBlobs(store, nothingCached(), LoneBlobs.holds());
  }

  /** All work on the calling thread. */
  static LocalBlockStore over(BlobStore store, BlobSource... others) {
    return over(local(store), CALLER, LIMITS, others);
  }

  static LocalBlockStore over(BlobStore store, BlockStoreLimits limits) {
    return over(local(store), CALLER, limits);
  }

  /** Of a node alone, though it may read from others. */
  static LocalBlockStore over(
      LocalBlobs local, Executor sealing, BlockStoreLimits limits, BlobSource... others) {
    List<BlobSource> sources = new ArrayList<>();
    sources.add(new LocalBlobSource(local));
    sources.addAll(List.of(others));
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1); // starts no thread
    BlobBuffers buffers = new BlobBuffers();
    TestCatalog catalog = new TestCatalog();
    BlobNodes alone = LoneBlobs.peers().nodes();
    Replicator replicator = new Replicator(
        local,
        LoneBlobs.peers(),
        new ClusterBlobs.Threads(timer, timer),
        buffers,
        (missed, node) -> {},
        ClusterSettings.DEFAULT,
        System::nanoTime);
    BlobCollector collector = new BlobCollector(
        local, catalog, LoneBlobs.holds(), alone, replicator::ensure, timer, System::nanoTime);
    LocalBlockStore.Below below = new LocalBlockStore.Below(
        local,
        disk(),
        replicator,
        catalog,
        collector,
        sources,
        Runnable::run,
        buffers,
        ClusterSettings.DEFAULT);
    return new LocalBlockStore(below, sealer(), sealing, limits);
  }

  static BlockStoreLimits cacheOf(long bytes) {
    return new BlockStoreLimits(bytes, 16, 4, 4);
  }

  static FileStore disk() {
    try {
      return Files.getFileStore(Jimfs.newFileSystem(Configuration.unix()).getPath("/"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** What a blob of those bytes is called. */
  static BlobId id(byte[] blob) {
    try {
      return BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] read(BlockStore blocks, BlobRef ref, int offset, int length) {
    byte[] into = new byte[length];
    blocks.read(ref, offset, ByteBuffer.wrap(into));
    return into;
  }
}
