package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.store.BlobStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a block store does over any store of blobs. */
abstract class BlockStoreContract {
  private static final int FRAME = Blocks.FRAME;
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;

  private BlobStore store;

  /** A store without blobs. */
  abstract BlobStore openStore() throws IOException;

  @BeforeEach
  void open() throws IOException {
    store = openStore();
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  /** No cache at all, one of two frames, one of everything: what is read may not depend on it. */
  @ParameterizedTest
  @ValueSource(longs = {0, 140_000, 96 << 20})
  void readsAnyRangeOfWhatWasWritten(long cacheBytes) {
    BlockStore blocks = Blocks.over(store, Blocks.cacheOf(cacheBytes));
    Random random = new Random(cacheBytes);
    for (int length : List.of(1, 100, FRAME - 1, FRAME, FRAME + 1, 5 * FRAME + 77, BLOCK)) {
      byte[] plain = Blocks.random(length, length);
      BlobRef ref = blocks.write(plain, 0, length).join();
      assertThat(Blocks.read(blocks, ref, 0, length)).isEqualTo(plain);
      for (int i = 0; i < 30; i++) {
        int offset = random.nextInt(length);
        int wanted = 1 + random.nextInt(length - offset);
        if (random.nextInt(4) == 0) {
          blocks.prefetch(ref);
        }
        ByteBuffer into = buffer(random, wanted);
        blocks.read(ref, offset, into);

        assertThat(into.hasRemaining()).isFalse();
        byte[] got = new byte[wanted];
        into.get(into.position() - wanted, got);
        assertThat(got).isEqualTo(Arrays.copyOfRange(plain, offset, offset + wanted));
      }
    }
  }

  /** On the heap or off it, with something before and after. */
  private static ByteBuffer buffer(Random random, int length) {
    int before = random.nextInt(3);
    int capacity = before + length + random.nextInt(3);
    ByteBuffer whole =
        random.nextBoolean() ? ByteBuffer.allocate(capacity) : ByteBuffer.allocateDirect(capacity);
    ByteBuffer buffer = random.nextBoolean() ? whole : whole.slice(before, capacity - before);
    int position = buffer.capacity() == capacity ? before : 0;
    return buffer.position(position).limit(position + length);
  }

  @Test
  void aRangeOfAnArrayCanBeWritten() {
    BlockStore blocks = Blocks.over(store);
    byte[] plain = Blocks.random(1000, 1);

    BlobRef ref = blocks.writeNow(plain, 100, 800);

    assertThat(ref.plainLengthBytes()).isEqualTo(800);
    assertThat(Blocks.read(blocks, ref, 0, 800)).isEqualTo(Arrays.copyOfRange(plain, 100, 900));
  }

  @Test
  void theSameBlockIsStoredOnce() {
    BlockStore blocks = Blocks.over(store);
    byte[] plain = Blocks.random(100_000, 1);

    BlobRef first = blocks.writeNow(plain, 0, plain.length);
    BlobRef second = blocks.write(plain, 0, plain.length).join();

    assertThat(second).isEqualTo(first);
    assertThat(blocks.stats().blobs()).isEqualTo(1);
    assertThat(blocks.stats().storedBytes()).isEqualTo(100_000 + 16 + 7 * 16);
    assertThat(blocks.stats().deduplicatedBytes()).isEqualTo(100_000);
  }

  @Test
  void aCollectedBlobIsGoneAndCanBeWrittenAgain() {
    LocalBlobs local = Blocks.local(store);
    BlockStore blocks = Blocks.over(local, Blocks.CALLER, Blocks.cacheOf(0));
    byte[] plain = Blocks.random(5000, 1);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);

    assertThat(collect(local, ref.id(), id -> false)).isTrue();

    assertThat(blocks.stats().blobs()).isZero();
    assertThatThrownBy(() -> Blocks.read(blocks, ref, 0, 1))
        .isInstanceOfSatisfying(PosixException.class, e -> {
          assertThat(e.errno()).isEqualTo(Errno.EIO);
          assertThat(e).hasMessageContaining(ref.id().toString());
        });
    assertThat(blocks.writeNow(plain, 0, plain.length)).isEqualTo(ref);
    assertThat(Blocks.read(blocks, ref, 0, plain.length)).isEqualTo(plain);
    assertThat(blocks.stats().deduplicatedBytes()).isZero();
  }

  @Test
  void collectingWhatIsNotThereIsNoError() {
    LocalBlobs local = Blocks.local(store);
    BlockStore blocks = Blocks.over(local, Blocks.CALLER, Blocks.LIMITS);
    BlobRef ref = blocks.writeNow(new byte[10], 0, 10);
    blocks.unpin(ref);

    assertThat(collect(local, ref.id(), id -> false)).isTrue();
    assertThat(collect(local, ref.id(), id -> false)).isTrue();
  }

  /**
   * Writers and readers of few blocks, a collector, a cache of three frames: never a wrong byte.
   */
  @Test
  void threadsNeverSeeAnotherBlocksBytes() throws Exception {
    LocalBlobs local = Blocks.local(store);
    BlockStore blocks = Blocks.over(local, Blocks.CALLER, Blocks.cacheOf(3L * (FRAME + 256)));
    List<byte[]> plains = new ArrayList<>();
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      byte[] plain = Blocks.random(3 * FRAME - 100 * i, i);
      plains.add(plain);
      refs.add(blocks.writeNow(plain, 0, plain.length));
    }
    ExecutorService threads = Executors.newFixedThreadPool(6);
    try {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 6; thread++) {
        Random random = new Random(thread);
        done.add(threads.submit(() -> {
          for (int i = 0; i < 150; i++) {
            int which = random.nextInt(4);
            byte[] plain = plains.get(which);
            if (random.nextInt(8) == 0) {
              blocks.unpin(blocks.writeNow(plain, 0, plain.length));
              assertThat(collect(local, refs.get(which).id(), id -> false)).isFalse();
            }
            int offset = random.nextInt(plain.length);
            int length = 1 + random.nextInt(Math.min(70_000, plain.length - offset));
            if (random.nextInt(4) == 0) {
              blocks.prefetch(refs.get(which));
            }
            assertThat(Blocks.read(blocks, refs.get(which), offset, length))
                .isEqualTo(Arrays.copyOfRange(plain, offset, offset + length));
          }
        }));
      }
      for (Future<?> future : done) {
        future.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(blocks.stats().cacheBytes()).isLessThanOrEqualTo(3L * (FRAME + 256));
  }

  private static boolean collect(LocalBlobs local, BlobId id, Predicate<BlobId> referenced) {
    try {
      return local.collect(id, referenced) == LocalBlobs.Collected.DELETED;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
