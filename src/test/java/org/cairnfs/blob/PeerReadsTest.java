package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whom a reader asks, and what it does when they are slow, lie, or do not answer. */
final class PeerReadsTest {
  private static final int NODES = 6;

  private final FakeNodes nodes = new FakeNodes(NODES);
  private final Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
  private final byte[] blob = Blocks.random(500_000, 1);
  private final PeerReads reads = new PeerReads(
      new ClusterBlobs.Peers(nodes, peers::get), ClusterSettings.DEFAULT, System::nanoTime);
  private BlobId id;
  private List<NodeId> placed;

  @BeforeEach
  void place() throws Exception {
    id = Blocks.id(blob);
    placed = Placement.placed(id, nodes.nodes(), 3).stream()
        .map(BlobNode::id)
        .filter(node -> !node.equals(nodes.self()))
        .toList();
    placed.forEach(node -> peers.get(node).blobs.put(id, blob));
  }

  private byte[] fetchWhole() throws IOException {
    byte[] bytes = new byte[blob.length];
    reads.fetch(id, 0, blob.length, whole -> Hashes.isBlob(id, whole)).get(bytes);
    return bytes;
  }

  private int gets() {
    return peers.values().stream().mapToInt(peer -> peer.gets.get()).sum();
  }

  @Test
  void oneOfThoseItBelongsToIsAsked() throws Exception {
    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(gets()).isEqualTo(1);
    assertThat(peers.get(placed.get(0)).gets).hasValue(1);
  }

  @Test
  void theNearestIsAskedFirst() throws Exception {
    for (NodeId node : placed) {
      nodes.roundTrip(node, Duration.ofMillis(50));
    }
    nodes.roundTrip(placed.get(1), Duration.ofMillis(2));

    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(peers.get(placed.get(1)).gets).hasValue(1);
  }

  @Test
  void whoeverHasItIsAskedInTheEnd() throws Exception {
    placed.forEach(node -> peers.get(node).mood = FakePeer.Mood.DEAD);
    NodeId other = nodes.nodes().stream()
        .map(BlobNode::id)
        .filter(node -> !placed.contains(node) && !node.equals(nodes.self()))
        .findFirst()
        .orElseThrow();
    peers.get(other).blobs.put(id, blob);

    assertThat(fetchWhole()).isEqualTo(blob);
  }

  @Test
  void aSecondOneIsAskedBesideOneThatIsSilent() throws Exception {
    peers.get(placed.get(0)).mood = FakePeer.Mood.SILENT;

    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(gets()).isEqualTo(2);
    assertThat(peers.get(placed.get(0)).unanswered.values())
        .allSatisfy(answer -> assertThat(answer).isCancelled());
  }

  @Test
  void wrongBytesAreNotTakenAndThePeerIsTold() throws Exception {
    peers.get(placed.get(0)).mood = FakePeer.Mood.LYING;

    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(peers.get(placed.get(0)).suspicions).hasValue(1);
  }

  /** A blob that is intact, but another one: what the block was before. */
  @Test
  void oldBytesAreNotTakenEither() throws Exception {
    peers.get(placed.get(0)).blobs.put(id, Blocks.random(blob.length, 2));

    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(peers.get(placed.get(0)).suspicions).hasValue(1);
  }

  @Test
  void nodesThatAreDownAreNotAsked() throws Exception {
    nodes.live(placed.get(0), false);

    assertThat(fetchWhole()).isEqualTo(blob);

    assertThat(peers.get(placed.get(0)).gets).hasValue(0);
  }

  @Test
  void whenNobodyHasItThatIsAnError() {
    placed.forEach(node -> peers.get(node).blobs.clear());

    assertThatThrownBy(this::fetchWhole)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(id.toString());
    assertThat(gets()).as("everybody was asked").isEqualTo(NODES - 1);
  }

  @Test
  void closingEndsAFetch() {
    peers.values().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    CompletableFuture<ByteBuffer> fetch = CompletableFuture.supplyAsync(() -> {
      try {
        return reads.fetch(id, 0, 10, bytes -> true);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
    await().until(() -> gets() > 0);

    reads.close();

    assertThat(fetch).failsWithin(Duration.ofSeconds(10));
  }
}
