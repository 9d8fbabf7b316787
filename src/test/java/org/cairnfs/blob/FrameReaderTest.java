package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.crypto.BlockSealer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** How often the store is read, and what happens when its bytes do not verify. */
final class FrameReaderTest {
  private static final int FRAME = Blocks.FRAME;

  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final byte[] plain = Blocks.random(16 * FRAME, 1);
  private LocalBlockStore blocks;
  private BlobRef ref;

  @BeforeEach
  void write() {
    blocks = Blocks.over(store);
    ref = blocks.writeNow(plain, 0, plain.length);
  }

  @Test
  void aWholeBlockIsOneReadOfTheStore() {
    assertRead(0, 16 * FRAME);

    assertThat(store.reads()).isEqualTo(1);
    assertThat(blocks.stats().cacheMisses()).isEqualTo(16);
    assertThat(blocks.stats().cacheBytes()).as("whole frames are not cached").isZero();
  }

  @Test
  void aFrameReadInPartIsKeptWhenThatHappensOnceMore() {
    assertRead(FRAME - 4096, 4096);
    assertThat(blocks.stats().cacheBytes()).isZero();

    for (int offset = 0; offset < FRAME; offset += 4096) {
      assertRead(offset, 4096);
    }

    assertThat(store.reads()).isEqualTo(2);
    assertThat(blocks.stats().cacheMisses()).isEqualTo(2);
    assertThat(blocks.stats().cacheHits()).isEqualTo(FRAME / 4096 - 1);
  }

  /** Whole, across frames, and from the cache, which has no arrays for its longer frames. */
  @Test
  void blobsOfAnOlderFormatAreRead() throws IOException {
    BlockSealer older = Blocks.sealer(BlobFormat.FRAMES_64K);
    byte[] blob = new byte[older.blobLengthOf(plain.length)];
    BlobRef old = older.seal(plain, 0, plain.length, blob, 0);
    assertThat(store.append(old.id(), ByteBuffer.wrap(blob))).isTrue();

    assertThat(Blocks.read(blocks, old, 0, plain.length)).isEqualTo(plain);
    for (int round = 0; round < 3; round++) {
      for (int offset = 0; offset + 5000 < plain.length; offset += 4096) {
        assertThat(Blocks.read(blocks, old, offset, 5000))
            .isEqualTo(Arrays.copyOfRange(plain, offset, offset + 5000));
      }
    }
    assertThat(blocks.stats().cacheHits()).isPositive();
  }

  @Test
  void whatOnlyAPeerHasIsKeptAtOnce() throws IOException {
    InMemoryBlobStore peer = new InMemoryBlobStore();
    Blocks.over(peer).writeNow(plain, 0, plain.length);
    LocalBlobSource peerDisk = new LocalBlobSource(Blocks.local(peer));
    BlobSource far = new BlobSource() {
      @Override
      public void fetch(BlobId id, int blobLength, int offset, ByteBuffer into) throws IOException {
        peerDisk.fetch(id, blobLength, offset, into);
      }

      @Override
      public boolean isNear() {
        return false;
      }

      @Override
      public boolean reportDamaged(BlobId id) {
        return peerDisk.reportDamaged(id);
      }
    };
    LocalBlockStore over = Blocks.over(new InMemoryBlobStore(), far);

    Blocks.read(over, ref, 10, 10);
    Blocks.read(over, ref, 100, 10);

    assertThat(peer.reads()).isEqualTo(1);
  }

  @Test
  void aRangeOverSeveralFramesIsOneReadAndKeepsItsPartialEnds() {
    assertRead(FRAME / 2, 3 * FRAME);
    assertThat(store.reads()).isEqualTo(1);
    assertRead(FRAME / 2, 3 * FRAME);
    assertThat(store.reads()).isEqualTo(2);

    assertRead(0, FRAME / 2);
    assertRead(3 * FRAME + FRAME / 2, FRAME / 2);
    assertThat(store.reads()).isEqualTo(2);
  }

  @Test
  void cachedFramesSplitARun() {
    cache(2);

    assertRead(0, 5 * FRAME);

    assertThat(store.reads()).as("frames 0 and 1, then 3 and 4").isEqualTo(4);
  }

  @Test
  void readersOfOneFrameWaitForTheFirst() throws Exception {
    AtomicBoolean isSlow = new AtomicBoolean();
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    BlockStore slow = Blocks.over(new ForwardingBlobStore(store) {
      @Override
      public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
        try {
          if (isSlow.get()) {
            reading.countDown();
            goOn.await();
          }
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
        super.read(id, offset, into);
      }
    });
    // The first use alone would not have the frame kept.
    Blocks.read(slow, ref, 0, 10);
    isSlow.set(true);
    CompletableFuture<byte[]> first =
        CompletableFuture.supplyAsync(() -> Blocks.read(slow, ref, 0, 10));
    reading.await();
    List<Thread> others = new ArrayList<>();
    List<byte[]> got = Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 4; i++) {
      Thread other = new Thread(() -> got.add(Blocks.read(slow, ref, 100, 10)));
      others.add(other);
      other.start();
    }
    for (Thread other : others) {
      await().until(() -> other.getState() == Thread.State.WAITING);
    }
    goOn.countDown();
    for (Thread other : others) {
      other.join();
    }

    assertThat(first.join()).isEqualTo(Arrays.copyOf(plain, 10));
    assertThat(got)
        .hasSize(4)
        .allSatisfy(bytes -> assertThat(bytes).isEqualTo(Arrays.copyOfRange(plain, 100, 110)));
    assertThat(store.reads()).isEqualTo(2);
  }

  @Test
  void aDamagedFrameIsEioLoggedOnceAndHealedByWritingAgain() {
    Logger logger = (Logger) LoggerFactory.getLogger(FrameReader.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setAdditive(false);
    try {
      store.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(3) + 5);
      assertEio(() -> Blocks.read(blocks, ref, 3 * FRAME, 10));
      assertEio(() -> Blocks.read(blocks, ref, 0, 16 * FRAME));
    } finally {
      logger.setAdditive(true);
      logger.detachAppender(logged);
    }

    assertThat(logged.list).hasSize(1);
    assertThat(logged.list.get(0).getFormattedMessage()).contains(ref.id().toString());
    assertThat(blocks.stats().damagedBlobs()).isEqualTo(1);
    blocks.writeNow(plain, 0, plain.length);
    assertRead(0, 16 * FRAME);
  }

  /**
   * Any bit of any frame, read as a whole: never a wrong byte, and none that was not verified is
   * cached.
   */
  @Test
  void damageAnywhereIsNeverReturned() {
    for (int frame = 0; frame < 16; frame++) {
      InMemoryBlobStore damaged = new InMemoryBlobStore();
      LocalBlockStore over = Blocks.over(damaged);
      over.writeNow(plain, 0, plain.length);
      damaged.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(frame) + 8 * 1000 + 1);

      assertEio(() -> Blocks.read(over, ref, 0, 16 * FRAME));
    }
  }

  @Test
  void aTruncatedBlobIsEio() {
    store.truncate(ref.id(), 1000);

    assertEio(() -> Blocks.read(blocks, ref, 5 * FRAME, 10));
  }

  @Test
  void aDamagedKeyIsEio() {
    byte[] wrapped = ref.wrappedKey().array().clone();
    wrapped[0] ^= 1;
    BlobRef damaged =
        new BlobRef(ref.id(), new Bytes(wrapped), ref.plainLengthBytes(), ref.format());

    assertEio(() -> Blocks.read(blocks, damaged, 0, 10));
    assertRead(0, 10);
  }

  @Test
  void theNextSourceIsAskedForWhatTheFirstLacksOrHasDamaged() throws IOException {
    InMemoryBlobStore peer = new InMemoryBlobStore();
    Blocks.over(peer).writeNow(plain, 0, plain.length);
    LocalBlockStore over = Blocks.over(store, new LocalBlobSource(Blocks.local(peer)));

    store.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(7));
    assertThat(Blocks.read(over, ref, 100, 10 * FRAME))
        .isEqualTo(Arrays.copyOfRange(plain, 100, 100 + 10 * FRAME));
    assertThat(over.stats().damagedBlobs()).isEqualTo(1);

    store.delete(ref.id());
    assertThat(Blocks.read(over, ref, 0, 16 * FRAME)).isEqualTo(plain);

    // Not one of the frames that are cached by now.
    peer.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(5));
    assertEio(() -> Blocks.read(over, ref, 0, 16 * FRAME));
  }

  /** Reads it in part, twice. */
  private void cache(int frame) {
    assertRead(frame * FRAME, 10);
    assertRead(frame * FRAME, 10);
    assertThat(store.reads()).isEqualTo(2);
  }

  private void assertRead(int offset, int length) {
    assertThat(Blocks.read(blocks, ref, offset, length))
        .isEqualTo(Arrays.copyOfRange(plain, offset, offset + length));
  }

  private static void assertEio(ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
  }
}
