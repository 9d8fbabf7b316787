package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.junit.jupiter.api.Test;

/** When a node gives up a copy, and how it finds out that others only say that they have one. */
final class RepairWalkTest {
  private static final int PLAIN_LENGTH = 1000;

  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final LocalBlobs local = Blocks.local(store);
  private final TestCatalog catalog = new TestCatalog();
  private final FakeNodes nodes = new FakeNodes(4);
  private final Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
  private final AtomicLong now = new AtomicLong();
  private byte[] blob = {};
  private BlobId id = new BlobId(0, 0, 0, 0);

  /** Stores a blob here and with all peers; returns once one was found that does or does not. */
  private void storeOneThat(boolean belongsHere) throws Exception {
    boolean found = false;
    for (int seed = 0; !found; seed++) {
      blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), seed);
      id = Blocks.id(blob);
      found = Placement.placed(id, nodes.nodes(), 3).stream()
              .anyMatch(node -> node.id().equals(nodes.self()))
          == belongsHere;
    }
    store.append(id, ByteBuffer.wrap(blob));
    catalog.refer(id, PLAIN_LENGTH);
    peers.values().forEach(peer -> peer.blobs.put(id, blob));
  }

  private FakePeer placedPeer() {
    return Placement.placed(id, nodes.nodes(), 3).stream()
        .filter(node -> !node.id().equals(nodes.self()))
        .map(node -> peers.get(node.id()))
        .findFirst()
        .orElseThrow();
  }

  private RepairWalk newWalk(long number) {
    ClusterBlobs.Peers others = new ClusterBlobs.Peers(nodes, peers::get);
    return new RepairWalk(local, catalog, others, ClusterSettings.DEFAULT, now::get, number);
  }

  private RepairWalk.Counters walk(long number) throws Exception {
    RepairWalk walk = newWalk(number);
    walk.run((missing, counters) -> {}, () -> false);
    return walk.counters();
  }

  @Test
  void aCopyIsGivenUpWhenAllHaveShownTheirs() throws Exception {
    storeOneThat(false);
    FakePeer liar = placedPeer();
    liar.mood = FakePeer.Mood.LYING;

    assertThat(walk(1).surplus.sum()).isEqualTo(1);
    assertThat(store.has(id)).as("one only says that it has it").isTrue();
    assertThat(liar.suspicions).hasPositiveValue();

    liar.mood = FakePeer.Mood.WELL;
    assertThat(walk(2).surplus.sum()).isZero();
    assertThat(store.has(id)).isFalse();
  }

  /** The first of a blob's nodes in the order of its placement keeps it longest. */
  @Test
  void withFewerReplicasTheLastNodesGiveTheirCopiesUp() throws Exception {
    storeOneThat(true);
    assertThat(walk(1).surplus.sum()).isZero();
    List<BlobNode> order = Placement.order(id, nodes.nodes());
    int place = order.stream().map(BlobNode::id).toList().indexOf(nodes.self());

    for (int replicas = 3; replicas > 0; replicas--) {
      nodes.replication(replicas, Replication.MAJORITY);
      walk(2);
      assertThat(store.has(id)).as("place %s of %s", place, replicas).isEqualTo(place < replicas);
    }
  }

  @Test
  void withMoreReplicasWhatIsMissingIsFetched() throws Exception {
    storeOneThat(false);
    walk(1);
    assertThat(store.has(id)).isFalse();

    nodes.replication(Replication.ALL, Replication.MAJORITY);

    assertThat(walk(2).missing.sum()).isEqualTo(1);
  }

  @Test
  void aDamagedCopyHereProvesNothing() throws Exception {
    storeOneThat(false);
    store.flipBit(id, 77);
    walk(1);
    assertThat(store.has(id)).as("it is no longer served").isFalse();
    assertThat(store.stats().damagedBlobs()).isEqualTo(1);
  }

  @Test
  void aNodeThatStoresNothingIsFoundOutSoonerOrLater() throws Exception {
    storeOneThat(true);
    FakePeer liar = placedPeer();
    liar.mood = FakePeer.Mood.LYING;
    long lacking = 0;
    for (int number = 0; number < 64; number++) {
      lacking += walk(number).lacking.sum();
    }
    assertThat(lacking).as("once in so many walks").isEqualTo(1);
    assertThat(liar.suspicions).hasValue(1);
  }

  @Test
  void anOldPromiseIsWorthNothing() throws Exception {
    storeOneThat(false);
    RepairWalk walk = newWalk(0);
    var surplus = walk.nextPage((missing, counters) -> {}, () -> false);
    now.addAndGet(ClusterSettings.DEFAULT.hold().toNanos() / 2);
    assertThat(walk.giveUp(surplus.get(0))).isFalse();
    assertThat(store.has(id)).isTrue();
  }
}
