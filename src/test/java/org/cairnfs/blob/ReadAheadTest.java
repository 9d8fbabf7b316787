package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.PosixException;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is fetched ahead of a reader from other nodes. */
final class ReadAheadTest {
  private static final int BLOBS = 6;
  private static final int FETCHES_MAX = 6;

  private final FakeNodes nodes = new FakeNodes(4);
  private final Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
  private final BlobThreads threads = new BlobThreads();
  private final ClusterBlobs blobs = new ClusterBlobs(
      new ClusterBlobs.Stores(
          new InMemoryBlobStore(), ReadAheadTest::cached, 16 << 20, Blocks.disk()),
      new TestCatalog(),
      new ClusterBlobs.Peers(nodes, peers::get),
      threads.both(),
      BlobHost.PATIENT,
      System::nanoTime);
  private final BlockStore blocks = blobs.blockStore(
      Blocks.sealer(), Blocks.CALLER, new BlockStoreLimits(0, 16, 16, FETCHES_MAX));

  private static SegmentStore cached() throws IOException {
    return SegmentStore.open(
        Jimfs.newFileSystem(Configuration.unix()).getPath("/cached"),
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        new SegmentOptions(1 << 20, 0, 1 << 20, 16),
        Runnable::run);
  }

  @AfterEach
  void stop() {
    threads.close();
  }

  private BlobRef onAllPeers(byte[] plain) {
    byte[] blob = new byte[BlobFormat.LATEST.blobLengthOf(plain.length)];
    BlobRef ref = Blocks.sealer().seal(plain, 0, plain.length, blob, 0);
    peers.values().forEach(peer -> peer.blobs.put(ref.id(), blob));
    return ref;
  }

  private List<BlobRef> manyOnAllPeers(int count) {
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      refs.add(onAllPeers(Blocks.random(1 << 20, i)));
    }
    return refs;
  }

  private void nobodyAnswers() {
    peers.values().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
  }

  private int unanswered() {
    return peers.values().stream().mapToInt(peer -> peer.unanswered.size()).sum();
  }

  private int fetched() {
    return peers.values().stream().mapToInt(peer -> peer.gets.get()).sum();
  }

  /** Nobody asks a second node for the same blob here, so what several are asked is different. */
  @Test
  void severalNodesAreAskedAtATime() {
    List<BlobRef> refs = manyOnAllPeers(BLOBS);
    nobodyAnswers();

    refs.forEach(blocks::prefetch);

    await().until(() -> unanswered() == BLOBS);
    assertThat(peers.values().stream().filter(peer -> !peer.unanswered.isEmpty()))
        .hasSizeGreaterThanOrEqualTo(2);
    peers.values().forEach(FakePeer::speak);
    await().until(() -> blobs.cachedBytes() >= BLOBS << 20);
  }

  @Test
  void whatCameIsHereForItsReader() {
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = onAllPeers(plain);
    blocks.prefetch(ref);
    await().until(() -> blobs.cachedBytes() >= 1 << 20);
    nobodyAnswers();

    assertThat(Blocks.read(blocks, ref, 0, 1 << 20)).isEqualTo(plain);
  }

  @Test
  void whatIsHereIsNotFetched() {
    BlobRef here = onAllPeers(Blocks.random(1 << 20, 1));
    BlobRef notHere = onAllPeers(Blocks.random(1 << 20, 2));
    Blocks.read(blocks, here, 0, 1 << 20);
    int before = fetched();

    blocks.prefetch(here);
    blocks.prefetch(notHere);

    await().until(() -> blobs.cachedBytes() >= 2 << 20);
    assertThat(fetched()).isEqualTo(before + 1);
  }

  /** A stream is read as fast as it comes: its reader waits for every blob. */
  @Test
  void whatAReaderWaitsForIsFetchedOnce() throws Exception {
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = onAllPeers(plain);
    nobodyAnswers();
    blocks.prefetch(ref);
    await().until(() -> unanswered() == 1);
    ByteBuffer read = ByteBuffer.allocate(1 << 20);
    Thread reader = new Thread(() -> blocks.read(ref, 0, read), "reader");
    reader.start();
    await().until(() -> reader.getState() == Thread.State.WAITING);

    peers.values().forEach(FakePeer::speak);

    reader.join();
    assertThat(read.array()).isEqualTo(plain);
    assertThat(fetched()).isEqualTo(1);
  }

  @Test
  void fetchesBeyondTheLimitAreLeftToTheReader() {
    List<BlobRef> refs = manyOnAllPeers(FETCHES_MAX + 2);
    nobodyAnswers();
    refs.forEach(blocks::prefetch);
    await().until(() -> unanswered() == FETCHES_MAX);
    peers.values().forEach(FakePeer::speak);
    await().until(() -> blobs.cachedBytes() >= FETCHES_MAX << 20);

    assertThat(fetched()).isEqualTo(FETCHES_MAX);
    await().until(() -> {
      blocks.prefetch(refs.get(FETCHES_MAX));
      return fetched() == FETCHES_MAX + 1;
    });
  }

  @Test
  void aFailureIsItsReadersToHear() {
    BlobRef ref = onAllPeers(Blocks.random(1 << 20, 1));
    peers.values().forEach(peer -> peer.blobs.clear());

    blocks.prefetch(ref);

    assertThatThrownBy(() -> Blocks.read(blocks, ref, 0, 10)).isInstanceOf(PosixException.class);
  }

  @Test
  void stoppedThreadsFetchNothing() {
    BlobRef ref = onAllPeers(Blocks.random(1 << 20, 1));
    threads.close();

    for (int i = 0; i < 2 * FETCHES_MAX; i++) {
      blocks.prefetch(ref);
    }

    assertThat(fetched()).isZero();
  }
}
