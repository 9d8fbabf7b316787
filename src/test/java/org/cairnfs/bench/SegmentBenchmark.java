package org.cairnfs.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The segment store on the disk of the temporary directory: microseconds a blob, on one thread.
 * Each iteration begins with an empty store, so that the disk does not fill up.
 */
@State(Scope.Thread)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SegmentBenchmark extends MicrosecondsBenchmark {
  private static final int LARGE = (1 << 20) + 272;
  private static final int SMALL = 4096 + 32;
  private static final int FRAME = (16 << 10) + 16;
  private static final int STORED = 256;

  private final Random random = new Random(1);
  private final byte[] large = new byte[LARGE];
  private final byte[] small = new byte[SMALL];
  private final ByteBuffer frame = ByteBuffer.allocate(FRAME);
  private Path directory;
  private ExecutorService background;
  private BlobStore store;
  private long number;

  @Setup(Level.Iteration)
  public void open() throws IOException {
    random.nextBytes(large);
    random.nextBytes(small);
    directory = Files.createTempDirectory("cairn-bench");
    background = Executors.newSingleThreadExecutor();
    store = SegmentStore.open(
        directory.resolve("segments"),
        directory.resolve("index"),
        SegmentOptions.DEFAULT,
        background);
    for (number = 0; number < STORED; number++) {
      store.append(id(number), ByteBuffer.wrap(large));
    }
    store.sync();
  }

  @TearDown(Level.Iteration)
  public void close() throws IOException {
    store.close();
    background.shutdown();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** The store does not check that an id is the hash of its blob. */
  private static BlobId id(long number) {
    return new BlobId(number * 0x9e3779b97f4a7c15L, number, 0, 0);
  }

  @Benchmark
  public boolean appendLarge() throws IOException {
    return store.append(id(number++), ByteBuffer.wrap(large));
  }

  @Benchmark
  public boolean appendSmall() throws IOException {
    return store.append(id(number++), ByteBuffer.wrap(small));
  }

  @Benchmark
  public boolean appendSmallAndSync() throws IOException {
    boolean added = store.append(id(number++), ByteBuffer.wrap(small));
    store.sync();
    return added;
  }

  @Benchmark
  public ByteBuffer readFrame() throws IOException {
    int frameOffset = 16 + random.nextInt(16) * FRAME;
    store.read(id(random.nextInt(STORED)), frameOffset, frame.clear());
    return frame;
  }

  @Benchmark
  public boolean lookUpMissing() throws IOException {
    return store.lengthBytes(id(-1 - random.nextInt(1 << 20))).isPresent();
  }
}
