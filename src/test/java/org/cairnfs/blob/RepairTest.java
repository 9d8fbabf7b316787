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
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.store.DiskFullException;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a node looks again. */
final class RepairTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int PLAIN_LENGTH = 5000;

  /** Nobody waits for the next walk of its own accord. */
  private static final ClusterSettings SELDOM = new ClusterSettings(
      Duration.ofSeconds(10),
      Duration.ofSeconds(20),
      Duration.ofSeconds(10),
      Duration.ofMillis(20),
      1L << 30,
      Duration.ofHours(1),
      Duration.ofMillis(10),
      0);

  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  private final ExecutorService transfers = Executors.newFixedThreadPool(4);
  private final TestCatalog catalog = new TestCatalog();
  private final FakeNodes nodes = new FakeNodes(3);

  @AfterEach
  void stop() {
    timer.shutdownNow();
    transfers.shutdownNow();
  }

  private Repair repair(LocalBlobs local, BlobPeers peers) {
    return repair(local, peers, SELDOM);
  }

  private Repair repair(LocalBlobs local, BlobPeers peers, ClusterSettings settings) {
    ClusterBlobs.Peers others = new ClusterBlobs.Peers(nodes, peers);
    ClusterBlobs.Threads threads = new ClusterBlobs.Threads(timer, transfers);
    PeerReads reads = new PeerReads(others, settings, System::nanoTime);
    return new Repair(local, catalog, others, reads, threads, settings, System::nanoTime);
  }

  /** A peer that gets its copy a little later than this node asks for it. */
  @Test
  void aCopyThatWasOnItsWayIsNotMissedForLong() throws Exception {
    InMemoryBlobStore store = new InMemoryBlobStore();
    LocalBlobs local = Blocks.local(store);
    Map<NodeId, FakePeer> peers = new HashMap<>();
    nodes.nodes().forEach(node -> peers.put(node.id(), new FakePeer()));
    byte[] blob = {};
    BlobId id = null;
    // The first walk is to ask for this one.
    for (int seed = 0; id == null || Long.remainderUnsigned(id.word1(), 64) != 0; seed++) {
      blob = Blocks.random(BlobFormat.blobLengthOf(PLAIN_LENGTH), seed);
      id = BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
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

  /** As a scrub finds it, in a real store. */
  @Test
  void whatIsFoundDamagedIsCountedUntilItIsFetchedAnew() throws Exception {
    byte[] blob = Blocks.random(BlobFormat.blobLengthOf(PLAIN_LENGTH), 1);
    BlobId id = BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
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

        assertThat(repair.stats().damaged()).isEqualTo(1);
        await().atMost(SOON).until(() -> repair.stats().underReplicated() == 1);
        peer.mood = FakePeer.Mood.WELL;
        await()
            .atMost(SOON)
            .until(() -> repair.stats().underReplicated() == 0 && repair.stats().damaged() == 0);
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
      byte[] blob = Blocks.random(BlobFormat.blobLengthOf(PLAIN_LENGTH), seed);
      BlobId id = BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
      peer.blobs.put(id, blob);
      catalog.refer(id, PLAIN_LENGTH);
    }
    ClusterSettings slow = SELDOM.withRates(bytesPerSecond, 0);
    long begin = System.nanoTime();
    try (Repair repair = repair(Blocks.local(store), node -> peer, slow)) {
      repair.start();
      await().atMost(SOON).until(() -> repair.stats().fetched() == blobs);
    }
    // The first is not waited for, and a tenth of a second may be made up for.
    double least = (blobs - 1.0) * PLAIN_LENGTH / bytesPerSecond - 0.2;
    assertThat(System.nanoTime() - begin).isGreaterThan((long) (least * 1e9));
  }

  /** A writer elsewhere is content with its other copies, and refers to the blob later. */
  @Test
  void whatWasPutHereWhileTheDiskWasFullIsFetchedWhenThereIsRoom() throws Exception {
    AtomicBoolean full = new AtomicBoolean(true);
    InMemoryBlobStore store = new InMemoryBlobStore();
    LocalBlobs local = Blocks.local(new ForwardingBlobStore(store) {
      @Override
      public boolean append(BlobId id, ByteBuffer blob) throws IOException {
        if (full.get()) {
          throw new DiskFullException("no room");
        }
        return super.append(id, blob);
      }
    });
    FakePeer peer = new FakePeer();
    byte[] blob = Blocks.random(BlobFormat.blobLengthOf(PLAIN_LENGTH), 1);
    BlobId id = BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
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
}
