package org.cairnfs.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.Stream;
import org.cairnfs.blob.BlobCatalog;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.LoneBlobs;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Reading through the block store from segments in the page cache, on one thread: microseconds for
 * the bytes that the method names.
 */
@State(Scope.Benchmark)
public class ReadPathBenchmark extends MicrosecondsBenchmark {
  private static final int BLOCK = 1 << 20;

  /** What the kernel asks for at most. */
  private static final int REQUEST = 128 << 10;

  /** More blocks than the cache holds. */
  private static final int BLOCKS = 256;

  private static final int SMALL = 4096;

  private static final BlobCatalog NO_FILES = new BlobCatalog() {
    @Override
    public boolean isReferenced(BlobId id) {
      return false;
    }

    @Override
    public boolean isKnown(BlobId id) {
      return false;
    }

    @Override
    public CompletableFuture<?> upToDate() {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
      return List.of();
    }
  };

  private final Random random = new Random(1);
  private final List<BlobRef> large = new ArrayList<>();
  private final List<BlobRef> small = new ArrayList<>();
  private final ByteBuffer heap = ByteBuffer.allocate(BLOCK);
  private final ByteBuffer direct = ByteBuffer.allocateDirect(REQUEST);
  private Path home;
  private SegmentStore store;
  private BlockStore blocks;
  private int next;

  @Setup
  public void write() throws IOException {
    home = Files.createTempDirectory("cairn-bench");
    store = SegmentStore.open(
        home.resolve("segments"), home.resolve("index"), SegmentOptions.DEFAULT, Runnable::run);
    BlockSealer sealer =
        new BlockSealer(VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES])));
    blocks = LoneBlobs.over(
            store, Files.getFileStore(home), NO_FILES, new ScheduledThreadPoolExecutor(1))
        .blockStore(sealer, Runnable::run, BlockStoreLimits.forHeap(512L << 20));
    byte[] plain = new byte[BLOCK];
    for (int i = 0; i < BLOCKS; i++) {
      random.nextBytes(plain);
      large.add(blocks.writeNow(plain, 0, BLOCK));
    }
    for (int i = 0; i < 64 * BLOCKS; i++) {
      random.nextBytes(plain);
      small.add(blocks.writeNow(plain, 0, SMALL));
    }
    blocks.sync(Set.of());
  }

  @TearDown
  public void remove() throws IOException {
    store.close();
    try (Stream<Path> files = Files.walk(home)) {
      files.sorted(Comparator.reverseOrder()).forEach(ReadPathBenchmark::delete);
    }
  }

  /** As a command that copies a file out. */
  @Benchmark
  public ByteBuffer mebibyteAtOnceIntoTheHeap() {
    blocks.read(nextLarge(), 0, heap.clear());
    return heap;
  }

  /** As a cold stream through the mount. */
  @Benchmark
  public ByteBuffer mebibyteInRequestsOffTheHeap() {
    BlobRef ref = nextLarge();
    for (int offset = 0; offset < BLOCK; offset += REQUEST) {
      blocks.read(ref, offset, direct.clear());
    }
    return direct;
  }

  /** A database that reads pages of a file larger than the cache. */
  @Benchmark
  public ByteBuffer randomPage() {
    BlobRef ref = large.get(random.nextInt(BLOCKS));
    blocks.read(ref, random.nextInt(BLOCK / SMALL) * SMALL, direct.clear().limit(SMALL));
    return direct;
  }

  /** A small file, cold. */
  @Benchmark
  public ByteBuffer smallBlob() {
    next = (next + 1) % small.size();
    blocks.read(small.get(next), 0, direct.clear().limit(SMALL));
    return direct;
  }

  private BlobRef nextLarge() {
    next = (next + 1) % BLOCKS;
    return large.get(next);
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
