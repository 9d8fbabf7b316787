package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.DiskFullException;
import org.junit.jupiter.api.Test;

/** Writing, pins, collection, limits and errors. */
final class LocalBlockStoreTest {
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final LocalBlobs local = Blocks.local(store);
  private final byte[] plain = Blocks.random(5000, 1);

  private static BlockStore over(LocalBlobs blobs) {
    return Blocks.over(blobs, Blocks.CALLER, Blocks.LIMITS);
  }

  @Test
  void aPinnedBlobIsNotCollected() {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.write(plain, 0, plain.length).join();

    assertThat(collect(local, ref.id(), id -> false)).isFalse();
    blocks.unpin(ref);
    assertThat(collect(local, ref.id(), id -> false))
        .as("one pin of two is left")
        .isFalse();
    blocks.unpin(ref);
    assertThat(collect(local, ref.id(), id -> false)).isTrue();
    assertThat(store.has(ref.id())).isFalse();
  }

  @Test
  void aSharedBlobIsPinnedOnceMore() {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    assertThat(blocks.share(ref)).isTrue();
    blocks.unpin(ref);

    assertThat(collect(local, ref.id(), id -> false)).isFalse();
    blocks.unpin(ref);
    assertThat(collect(local, ref.id(), id -> false)).isTrue();
    assertThat(blocks.share(ref)).as("it is gone").isFalse();
  }

  @Test
  void isHereWhileThereIsACopy() throws Exception {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    assertThat(blocks.isHere(ref)).isTrue();
    store.delete(ref.id());
    assertThat(blocks.isHere(ref)).isFalse();
  }

  @Test
  void aReferencedBlobIsNotCollected() {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);

    assertThat(collect(local, ref.id(), ref.id()::equals)).isFalse();
    assertThat(store.has(ref.id())).isTrue();
  }

  @Test
  void unpinningMoreThanWasPinnedIsRefused() {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);

    assertThatThrownBy(() -> blocks.unpin(ref)).isInstanceOf(IllegalStateException.class);
  }

  /**
   * The collector has decided and is deleting: a writer of the same block waits and then stores it
   * anew.
   */
  @Test
  void aBlockWrittenWhileItIsCollectedIsThereAfterwards() throws Exception {
    CountDownLatch deleting = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    LocalBlobs local = Blocks.local(new ForwardingBlobStore(store) {
      @Override
      public void delete(BlobId id) throws IOException {
        deleting.countDown();
        awaitQuietly(goOn);
        super.delete(id);
      }
    });
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);
    CompletableFuture<Boolean> collected =
        CompletableFuture.supplyAsync(() -> collect(local, ref.id(), id -> false));
    deleting.await();
    Thread writer = new Thread(() -> blocks.writeNow(plain, 0, plain.length));
    writer.start();
    await().until(() -> writer.getState() == Thread.State.WAITING);
    goOn.countDown();
    writer.join();

    assertThat(collected.join()).isTrue();
    assertThat(store.has(ref.id())).isTrue();
    assertThat(collect(local, ref.id(), id -> false)).as("pinned").isFalse();
  }

  @Test
  void aBlockThatCouldNotBeStoredIsNotPinned() {
    AtomicReference<IOException> failure = new AtomicReference<>(new IOException("gone"));
    LocalBlobs local = Blocks.local(failingAppend(failure));
    BlockStore blocks = over(local);

    assertErrno(Errno.EIO, () -> blocks.writeNow(plain, 0, plain.length));

    failure.set(null);
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);
    assertThat(collect(local, ref.id(), id -> false)).isTrue();
  }

  @Test
  void aFullDiskIsEnospcAndPasses() {
    AtomicReference<IOException> failure = new AtomicReference<>(new DiskFullException("full"));
    LocalBlobs local = Blocks.local(failingAppend(failure));
    BlockStore blocks = over(local);

    assertErrno(Errno.ENOSPC, () -> blocks.writeNow(plain, 0, plain.length));
    assertThatThrownBy(() -> blocks.write(plain, 0, plain.length).join())
        .cause()
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
    // More failures than there are permits for pending writes.
    for (int i = 0; i < 100; i++) {
      assertThat(blocks.write(plain, 0, plain.length)).isCompletedExceptionally();
    }

    failure.set(null);
    assertThat(Blocks.read(blocks, blocks.write(plain, 0, plain.length).join(), 0, 5000))
        .isEqualTo(plain);
  }

  @Test
  void otherFailuresAreEioWithTheirCause() {
    IOException gone = new IOException("gone");
    BlockStore blocks = Blocks.over(new ForwardingBlobStore(store) {
      @Override
      public void sync() throws IOException {
        throw gone;
      }

      @Override
      public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
        throw gone;
      }
    });
    BlobRef ref = blocks.writeNow(plain, 0, plain.length);
    blocks.unpin(ref);

    for (ThrowingCallable call : List.<ThrowingCallable>of(
        () -> blocks.sync(Set.of()), () -> Blocks.read(blocks, ref, 0, 10))) {
      assertErrno(Errno.EIO, call);
      assertThatThrownBy(call).hasRootCause(gone);
    }
  }

  @Test
  void stoppedSealingThreadsFailTheWrite() {
    Executor stopped = task -> {
      throw new RejectedExecutionException("stopped");
    };
    BlockStore blocks = Blocks.over(local, stopped, Blocks.LIMITS);

    for (int i = 0; i < 200; i++) {
      assertThatThrownBy(() -> blocks.write(plain, 0, plain.length).join())
          .hasCauseInstanceOf(PosixException.class);
    }
  }

  @Test
  void pendingWritesAreLimited() throws Exception {
    Queue<Runnable> tasks = new ArrayDeque<>();
    BlockStore blocks = Blocks.over(local, tasks::add, new BlockStoreLimits(0, 0, 2, 1));
    CompletableFuture<BlobRef> first = blocks.write(plain, 0, 1000);
    CompletableFuture<BlobRef> second = blocks.write(plain, 1000, 1000);
    AtomicReference<CompletableFuture<BlobRef>> third = new AtomicReference<>();
    Thread writer = new Thread(() -> third.set(blocks.write(plain, 2000, 1000)));
    writer.start();
    await().until(() -> writer.getState() == Thread.State.WAITING);
    assertThat(tasks).hasSize(2);

    tasks.remove().run();
    writer.join();

    assertThat(first).isCompleted();
    assertThat(second).isNotCompleted();
    assertThat(third.get()).isNotCompleted();
    assertThat(tasks).hasSize(2);
  }

  @Test
  void syncReachesTheStore() {
    assertThat(Blocks.over(store).sync(Set.of())).isEmpty();

    assertThat(store.syncs()).isEqualTo(1);
  }

  @Test
  void wrongArgumentsAreRefused() {
    BlockStore blocks = over(local);
    BlobRef ref = blocks.writeNow(plain, 0, 100);

    assertThatThrownBy(() -> blocks.write(plain, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> blocks.write(plain, 1, 5000))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> blocks.writeNow(new byte[(1 << 20) + 1], 0, (1 << 20) + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Blocks.read(blocks, ref, 1, 100))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Blocks.read(blocks, ref, -1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void spaceIsTheDisks() {
    BlockStore blocks = over(local);

    assertThat(blocks.totalBytes()).isPositive();
    assertThat(blocks.usableBytes()).isBetween(1L, blocks.totalBytes());
  }

  private BlobStore failingAppend(AtomicReference<IOException> failure) {
    return new ForwardingBlobStore(store) {
      @Override
      public boolean append(BlobId id, ByteBuffer blob) throws IOException {
        IOException now = failure.get();
        if (now != null) {
          throw now;
        }
        return super.append(id, blob);
      }
    };
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertErrno(Errno errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(PosixException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  private static boolean collect(LocalBlobs local, BlobId id, Predicate<BlobId> referenced) {
    try {
      return local.collect(id, referenced) == LocalBlobs.Collected.DELETED;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
