package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.DiskFullException;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a node looks again. */
final class RepairTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int PLAIN_LENGTH = 5000;

  private final BlobThreads threads = new BlobThreads();
  private final TestCatalog catalog = new TestCatalog();
  private final FakeNodes nodes = new FakeNodes(3);

  @AfterEach
  void stop() {
    threads.close();
  }

  private Repair repair(LocalBlobs local, BlobPeers peers) {
    return repair(local, peers, BlobHost.SELDOM);
  }

  private Repair repair(LocalBlobs local, BlobPeers peers, ClusterSettings settings) {
    return repair(local, peers, settings, System::nanoTime);
  }

  private Repair repair(
      LocalBlobs local, BlobPeers peers, ClusterSettings settings, LongSupplier ticker) {
    ClusterBlobs.Peers others = new ClusterBlobs.Peers(nodes, peers);
    PeerReads reads = new PeerReads(others, settings, ticker);
    return new Repair(local, catalog, others, reads, threads.both(), settings, ticker);
  }

  /** A peer that gets its copy a little later than this node asks for it. */
  @Test
  void aCopyThatWasOnItsWayIsNotMissedForLong() throws Exception {
    InMemoryBlobStore store = new InMemoryBlobStore();
    LocalBlobs local = Blocks.local(store);
    Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
    byte[] blob = {};
    BlobId id = null;
    // The first walk is to ask for this one.
    for (int seed = 0; id == null || Long.remainderUnsigned(id.word1(), 64) != 0; seed++) {
      blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), seed);
      id = Blocks.id(blob);
    }
    store.append(id, ByteBuffer.wrap(blob));
    catalog.refer(id, PLAIN_LENGTH);
    try (Repair repair = repair(local, peers::get)) {
      repair.start();
      await().atMost(SOON).until(() -> repair.stats().walks() > 0);
      assertThat(repair.stats().underReplicated()).isEqualTo(2);

      for (FakePeer peer : peers.values()) {
        peer.blobs.put(id, blob);
      }
      await().atMost(SOON).until(() -> repair.stats().underReplicated() == 0);
    }
  }

  /**
   * One that has just begun has found nothing yet, and that is no reason to say that all is well.
   */
  @Test
  void whatAWalkFoundIsToldUntilTheNextOneHasEnded() throws Exception {
    byte[] blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 1);
    BlobId id = Blocks.id(blob);
    catalog.refer(id, PLAIN_LENGTH);
    FakePeer peer = new FakePeer();
    try (Repair repair = repair(Blocks.local(new InMemoryBlobStore()), node -> peer)) {
      CompletableFuture<Void> seen = new CompletableFuture<>();
      catalog.onPage = () -> {
        if (repair.stats().walks() == 1) { // this is the second one
          seen.join();
        }
      };
      repair.start();
      await()
          .atMost(SOON)
          .until(() -> repair.stats().walks() == 1 && repair.stats().walking());
      RepairStats meanwhile = repair.stats();
      peer.blobs.put(id, blob);
      seen.complete(null);

      assertThat(meanwhile)
          .returns(1L, RepairStats::missing)
          .returns(1L, RepairStats::underReplicated)
          .returns(1L, RepairStats::unavailable);
      await().atMost(SOON).until(() -> repair.stats().underReplicated() == 0);
      assertThat(repair.stats()).returns(0L, RepairStats::missing);
    }
  }

  /** As a scrub finds it, in a real store. */
  @Test
  void whatIsFoundDamagedIsCountedUntilItIsFetchedAnew() throws Exception {
    byte[] blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 1);
    BlobId id = Blocks.id(blob);
    catalog.refer(id, PLAIN_LENGTH);
    FakePeer peer = new FakePeer();
    peer.blobs.put(id, blob);
    peer.mood = FakePeer.Mood.DEAD;
    Path directory = Jimfs.newFileSystem(Configuration.unix()).getPath("/segments");
    SegmentOptions options = new SegmentOptions(1 << 20, 0, 1 << 20, 16);
    InMemoryKvStore index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);
    try (SegmentStore store = SegmentStore.open(directory, index, options, Runnable::run)) {
      store.append(id, ByteBuffer.wrap(blob));
      store.sync();
      LocalBlobs local = Blocks.local(store);
      try (Repair repair = repair(local, node -> peer)) {
        repair.start();
        await().atMost(SOON).until(() -> repair.stats().walks() > 0);
        flipBits(directory, blob.length / 2);

        assertThat(local.verify(id)).isFalse();

        assertThat(store.stats().damagedBlobs()).isEqualTo(1);
        await().atMost(SOON).until(() -> repair.stats().underReplicated() == 1);
        peer.mood = FakePeer.Mood.WELL;
        await()
            .atMost(SOON)
            .until(
                () -> repair.stats().underReplicated() == 0 && store.stats().damagedBlobs() == 0);
        assertThat(store.verify(id)).isTrue();
      }
    }
  }

  private static void flipBits(Path directory, int offset) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.readAllBytes(file);
        bytes[offset]++;
        Files.write(file, bytes, StandardOpenOption.WRITE);
      }
    }
  }

  @Test
  void whatIsMissingIsFetchedAtTheRateThatWasSet() throws Exception {
    int blobs = 10;
    int bytesPerSecond = 50_000;
    InMemoryBlobStore store = new InMemoryBlobStore();
    FakePeer peer = new FakePeer();
    for (int seed = 0; seed < blobs; seed++) {
      byte[] blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), seed);
      BlobId id = Blocks.id(blob);
      peer.blobs.put(id, blob);
      catalog.refer(id, PLAIN_LENGTH);
    }
    ClusterSettings slow = BlobHost.SELDOM.withRates(bytesPerSecond, 0);
    long begin = System.nanoTime();
    try (Repair repair = repair(Blocks.local(store), node -> peer, slow)) {
      repair.start();
      await().atMost(SOON).until(() -> repair.stats().fetched() == blobs);
    }
    // The first is not waited for, and a tenth of a second may be made up for.
    double least = (blobs - 1.0) * PLAIN_LENGTH / bytesPerSecond - 0.2;
    assertThat(System.nanoTime() - begin).isGreaterThan((long) (least * 1e9));
  }

  /** Has no room while its disk is full. */
  private static class FillingStore extends ForwardingBlobStore {
    private final AtomicBoolean full;

    FillingStore(BlobStore store, AtomicBoolean full) {
      super(store);
      this.full = full;
    }

    @Override
    public boolean append(BlobId id, ByteBuffer blob) throws IOException {
      if (full.get()) {
        throw new DiskFullException("no room");
      }
      return super.append(id, blob);
    }
  }

  /** A writer elsewhere is content with its other copies, and refers to the blob later. */
  @Test
  void whatWasPutHereWhileTheDiskWasFullIsFetchedWhenThereIsRoom() throws Exception {
    AtomicBoolean full = new AtomicBoolean(true);
    InMemoryBlobStore store = new InMemoryBlobStore();
    LocalBlobs local = Blocks.local(new FillingStore(store, full));
    FakePeer peer = new FakePeer();
    byte[] blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 1);
    BlobId id = Blocks.id(blob);
    peer.blobs.put(id, blob);
    try (Repair repair = repair(local, node -> peer)) {
      repair.start();
      await().atMost(SOON).until(() -> repair.stats().walks() > 0);
      assertThatThrownBy(() -> local.accept(id, ByteBuffer.wrap(blob)))
          .isInstanceOf(DiskFullException.class);
      assertThat(repair.stats().underReplicated()).isZero(); // nobody needs it yet

      catalog.refer(id, PLAIN_LENGTH);
      assertThat(repair.stats().underReplicated()).isEqualTo(1);
      full.set(false);
      await().atMost(SOON).until(() -> repair.stats().underReplicated() == 0);
      assertThat(store.lengthBytes(id)).hasValue(blob.length);
    }
  }

  /** The walk has done its work, and now looks at the clock. */
  @Test
  void whatIsRefusedAsAWalkEndsIsNotForgottenUntilTheNextOne() throws Exception {
    AtomicReference<Thread> walker = new AtomicReference<>();
    AtomicBoolean full = new AtomicBoolean();
    InMemoryBlobStore store = new InMemoryBlobStore();
    LocalBlobs local = Blocks.local(new FillingStore(store, full) {
      @Override
      public void sync() throws IOException {
        super.sync();
        walker.compareAndSet(null, Thread.currentThread()); // what was fetched is safe
      }
    });
    FakePeer peer = new FakePeer();
    byte[] fetched = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 1);
    byte[] late = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 2);
    peer.blobs.put(Blocks.id(fetched), fetched);
    peer.blobs.put(Blocks.id(late), late);
    catalog.refer(Blocks.id(fetched), PLAIN_LENGTH);
    AtomicBoolean refused = new AtomicBoolean();
    LongSupplier ticker = () -> {
      if (walker.get() == Thread.currentThread() && refused.compareAndSet(false, true)) {
        full.set(true);
        assertThatThrownBy(() -> local.accept(Blocks.id(late), ByteBuffer.wrap(late)))
            .isInstanceOf(DiskFullException.class);
        full.set(false);
        catalog.refer(Blocks.id(late), PLAIN_LENGTH);
      }
      return System.nanoTime();
    };
    try (Repair repair = repair(local, node -> peer, BlobHost.SELDOM, ticker)) {
      repair.start();
      await().atMost(SOON).until(() -> store.has(Blocks.id(late)));
      assertThat(refused).isTrue();
    }
  }
}
