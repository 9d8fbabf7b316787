package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Limits;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlobFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is read ahead of a reader from other nodes. */
final class ReadAheadTest {
  private static final int BLOBS = 6;

  private final FakeNodes nodes = new FakeNodes(4);
  private final Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
  private final BlobThreads threads = new BlobThreads();

  @AfterEach
  void stop() {
    threads.close();
  }

  private BlockStore blocks() {
    ClusterBlobs blobs = new ClusterBlobs(
        new ClusterBlobs.Stores(new InMemoryBlobStore(), Blocks.NO_CACHE, 0, Blocks.disk()),
        new TestCatalog(),
        new ClusterBlobs.Peers(nodes, peers::get),
        threads.both(),
        BlobHost.PATIENT,
        System::nanoTime);
    return blobs.blockStore(Blocks.sealer(), Blocks.CALLER, Blocks.LIMITS);
  }

  private BlobRef onAllPeers(byte[] plain) {
    byte[] blob = new byte[BlobFormat.blobLengthOf(plain.length)];
    BlobRef ref = Blocks.sealer().seal(plain, 0, plain.length, blob, 0);
    peers.values().forEach(peer -> peer.blobs.put(ref.id(), blob));
    return ref;
  }

  /** Nobody asks a second node for the same blob here, so what several are asked is different. */
  @Test
  void severalNodesAreAskedAtATime() {
    BlockStore blocks = blocks();
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      refs.add(onAllPeers(Blocks.random(1 << 20, i)));
    }
    peers.values().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);

    refs.forEach(ref -> blocks.prefetch(ref, 0, 1 << 20));

    await()
        .until(() ->
            peers.values().stream().mapToInt(peer -> peer.unanswered.size()).sum() == BLOBS);
    assertThat(peers.values().stream().filter(peer -> !peer.unanswered.isEmpty()))
        .hasSizeGreaterThanOrEqualTo(2);
    peers.values().forEach(FakePeer::speak);
    await().until(() -> blocks.stats().cacheBytes() >= BLOBS << 20);
  }

  /** A stream is read as fast as it comes: its reader waits for every blob. */
  @Test
  void whatAReaderWaitsForIsDecryptedOnce() throws Exception {
    BlockStore blocks = blocks();
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = onAllPeers(plain);
    peers.values().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    blocks.prefetch(ref, 0, 1 << 20);
    await().until(() -> peers.values().stream().anyMatch(peer -> !peer.unanswered.isEmpty()));
    ByteBuffer read = ByteBuffer.allocate(1 << 20);
    Thread reader = new Thread(() -> blocks.read(ref, 0, read), "reader");
    reader.start();
    await().until(() -> reader.getState() == Thread.State.WAITING);

    peers.values().forEach(FakePeer::speak);

    reader.join();
    threads.transfers.shutdown();
    assertThat(threads.transfers.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    assertThat(read.array()).isEqualTo(plain);
    assertThat(blocks.stats().cacheMisses()).isEqualTo((1 << 20) / Limits.FRAME_SIZE_BYTES);
  }
}
