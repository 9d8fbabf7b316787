package org.cairnfs.blob;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Replication;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Blocks written to several nodes: when a sync returns, who has them, and what nobody waits for.
 */
final class ReplicatorTest {
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final TestCatalog catalog = new TestCatalog();
  private final Map<NodeId, FakePeer> peers = new HashMap<>();
  private final BlobThreads threads = new BlobThreads();
  private final AtomicLong skippedNanos = new AtomicLong();
  private final byte[] plain = Blocks.random(300_000, 1);
  private FakeNodes nodes = new FakeNodes(1);
  private BlockStore blocks = Blocks.over(store);

  @AfterEach
  void stop() {
    threads.close();
  }

  private void cluster(int count) {
    cluster(count, Duration.ofSeconds(30));
  }

  private void cluster(int count, Duration copiesLimit) {
    nodes = new FakeNodes(count);
    peers.putAll(FakePeer.ofEach(nodes));
    ClusterSettings usual = ClusterSettings.DEFAULT;
    ClusterSettings settings = new ClusterSettings(
        usual.callLimit(),
        copiesLimit,
        usual.hold(),
        usual.hedgeMin(),
        usual.repairBytesPerSecond(),
        usual.repairInterval(),
        usual.settle(),
        0);
    ClusterBlobs blobs = new ClusterBlobs(
        new ClusterBlobs.Stores(store, Blocks.NO_CACHE, 0, Blocks.disk()),
        catalog,
        new ClusterBlobs.Peers(nodes, peers::get),
        threads.both(),
        settings,
        () -> System.nanoTime() + skippedNanos.get());
    blocks = blobs.blockStore(Blocks.sealer(), Blocks.CALLER, Blocks.LIMITS);
  }

  private BlobRef write(byte[] bytes) {
    return blocks.writeNow(bytes, 0, bytes.length);
  }

  /** The peers to which the blob belongs, in their order, without this node. */
  private List<FakePeer> placed(BlobId id) {
    return Placement.placed(id, nodes.nodes(), 3).stream()
        .filter(node -> !node.id().equals(nodes.self()))
        .map(node -> peers.get(node.id()))
        .toList();
  }

  private List<FakePeer> others() {
    return nodes.nodes().stream()
        .filter(node -> !node.id().equals(nodes.self()))
        .map(node -> peers.get(node.id()))
        .toList();
  }

  private CompletableFuture<Void> syncing(BlobRef ref) {
    return CompletableFuture.runAsync(
        () -> assertThat(blocks.sync(Set.of(ref.id()))).isEmpty());
  }

  private void forget(BlobId id) {
    try {
      store.delete(id);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertStays(CompletableFuture<?> future) {
    await().during(Duration.ofMillis(100)).until(() -> !future.isDone());
  }

  @Test
  void aDamagedCopyHereIsReplacedWhenItsBytesAreWrittenAgain() throws Exception {
    cluster(3);
    BlobRef ref = write(plain);
    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    store.flipBit(ref.id(), 1000);

    assertThat(write(plain)).isEqualTo(ref);

    assertThat(store.verify(ref.id())).as("it counts as a copy").isTrue();
  }

  @Test
  void aBlobGoesToTheNodesItBelongsTo() {
    cluster(6);
    for (int i = 0; i < 20; i++) {
      BlobRef ref = write(Blocks.random(1000, i));
      assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
      List<FakePeer> have =
          others().stream().filter(peer -> peer.blobs.containsKey(ref.id())).toList();
      assertThat(have).containsExactlyInAnyOrderElementsOf(placed(ref.id()));
      assertThat(store.has(ref.id())).isTrue();
    }
  }

  @Test
  void twoCopiesOfThreeAreEnough() {
    cluster(3);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    BlobRef ref = write(plain);
    CompletableFuture<Void> sync = syncing(ref);
    assertStays(sync);

    others().get(0).speak();

    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
    assertThat(others().get(1).unanswered).hasSize(1);
  }

  @Test
  void ofTwoBothAreNeeded() {
    cluster(2);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    CompletableFuture<Void> sync = syncing(write(plain));
    assertStays(sync);
    others().forEach(FakePeer::speak);
    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void asManyCopiesAreAwaitedAsTheVolumeSays() {
    cluster(4);
    nodes.replication(3, 3);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    BlobRef ref = write(plain);
    CompletableFuture<Void> sync = syncing(ref);
    List<FakePeer> asked =
        others().stream().filter(peer -> !peer.unanswered.isEmpty()).toList();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(placed(ref.id()));
    asked.get(0).speak();
    assertStays(sync);

    asked.get(1).speak();

    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void withAWriteQuorumOfOneNobodyIsAwaited() {
    cluster(3);
    nodes.replication(3, 1);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    assertThat(syncing(write(plain))).succeedsWithin(Duration.ofSeconds(10));
    assertThat(others()).as("all are sent it").allMatch(peer -> peer.unanswered.size() == 1);
  }

  @Test
  void allNodesHaveACopyIfTheVolumeSaysSo() {
    cluster(6);
    nodes.replication(Replication.ALL, Replication.MAJORITY);
    BlobRef ref = write(plain);
    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    await().until(() -> others().stream().allMatch(peer -> peer.blobs.containsKey(ref.id())));
  }

  /** Who waits already is content with fewer copies, too, and gets more if there are to be more. */
  @Test
  void aChangeOfTheVolumeIsObeyedAtOnce() {
    cluster(5);
    nodes.replication(1, Replication.MAJORITY);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    nodes.replication(5, 5);
    BlobRef ref = write(plain);
    CompletableFuture<Void> sync = syncing(ref);
    await().until(() -> others().stream().allMatch(peer -> peer.unanswered.size() == 1));
    assertStays(sync);

    nodes.replication(5, 1);

    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void aNodeThatFailsIsGoneAround() {
    cluster(6);
    BlobRef ref = write(plain);
    blocks.unpin(ref);
    List<FakePeer> placed = placed(ref.id());
    peers.values().forEach(peer -> peer.blobs.clear());
    forget(ref.id());
    placed.forEach(peer -> peer.mood = FakePeer.Mood.DEAD);

    assertThat(write(plain)).isEqualTo(ref);

    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    assertThat(others().stream().filter(peer -> peer.blobs.containsKey(ref.id())))
        .hasSize(Math.min(placed.size(), 5 - placed.size()))
        .doesNotContainAnyElementsOf(placed);
  }

  @Test
  void nobodyWaitsForANodeThatIsDown() {
    cluster(2);
    peers.values().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    BlobRef ref = write(plain);
    CompletableFuture<Void> sync = syncing(ref);
    assertStays(sync);

    nodes.live(FakeNodes.id(1), false);

    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
    BlobRef next = write(Blocks.random(10, 5));
    assertThat(blocks.sync(Set.of(next.id()))).isEmpty();
    assertThat(others().get(0).puts).hasValue(1);
  }

  @Test
  void whatCouldNotBeSentIsSentAgainWhenANodeComesBack() {
    cluster(2);
    others().get(0).mood = FakePeer.Mood.DEAD;
    BlobRef ref = write(plain);
    CompletableFuture<Void> sync = syncing(ref);
    assertStays(sync);

    others().get(0).mood = FakePeer.Mood.WELL;

    assertThat(sync).succeedsWithin(Duration.ofSeconds(10));
    assertThat(others().get(0).blobs).containsKey(ref.id());
  }

  /** By then whoever has it may not hold it any more: it is sent anew, once for all who wait. */
  @Test
  void whoWaitsIsToldThoughTheBlobIsSentAnewForAnother() {
    cluster(3);
    others().forEach(peer -> peer.mood = FakePeer.Mood.SILENT);
    BlobRef ref = write(plain);
    CompletableFuture<Void> kept = blocks.stillKept(Set.of(ref.id()));
    await().until(() -> others().stream().noneMatch(peer -> peer.unanswered.isEmpty()));
    skippedNanos.set(ClusterSettings.DEFAULT.hold().toNanos());
    assertThat(write(plain)).isEqualTo(ref);

    others().forEach(FakePeer::die);
    others().forEach(peer -> peer.mood = FakePeer.Mood.WELL);

    assertThat(kept).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void whoeverWaitsBecauseTooManyLackCopiesKeepsNobodyFromTryingAgain() throws Exception {
    cluster(3);
    others().forEach(peer -> peer.mood = FakePeer.Mood.DEAD);
    for (int i = 0; i < 512; i++) {
      BlobRef unused = write(Blocks.random(100, i));
    }
    Thread writer = new Thread(() -> {
      BlobRef unused = write(plain);
    });
    writer.start();
    await().until(() -> writer.getState() == Thread.State.TIMED_WAITING);

    ThreadPoolExecutor retries = (ThreadPoolExecutor) threads.transfers;
    long done = retries.getCompletedTaskCount();
    await()
        .until(() -> retries.getCompletedTaskCount() > done + 2 && retries.getActiveCount() == 0);
    assertThat(writer.isAlive()).isTrue();
    others().forEach(peer -> peer.mood = FakePeer.Mood.WELL);
    writer.join(Duration.ofSeconds(10).toMillis());
    assertThat(writer.isAlive()).isFalse();
  }

  /** The only other node, which does not answer. */
  private FakePeer silentOneOfTwo() {
    cluster(2);
    FakePeer peer = others().get(0);
    peer.mood = FakePeer.Mood.SILENT;
    return peer;
  }

  private List<BlobRef> writeSmall(int count) {
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      refs.add(write(Blocks.random(1000, i)));
    }
    return refs;
  }

  @Test
  void smallBlobsWaitForOthersUntilSomebodyWaitsForThem() {
    FakePeer peer = silentOneOfTwo();
    peer.speak();
    threads.timer.pause();
    List<BlobRef> refs = writeSmall(10);
    assertThat(peer.puts).hasValue(0);

    assertThat(blocks.sync(Set.of(refs.get(3).id()))).isEmpty();

    assertThat(peer.puts).hasValue(1);
    assertThat(peer.blobs).hasSize(10);
  }

  @Test
  void whatNobodyWaitsForGoesBeforeLong() {
    FakePeer peer = silentOneOfTwo();
    peer.speak();
    threads.timer.pause();
    List<BlobRef> refs = writeSmall(10);
    threads.timer.resume();
    await().until(() -> peer.blobs.size() == refs.size());
    assertThat(peer.puts).hasValue(1);
  }

  @Test
  void smallBlobsThatWaitGoTogether() {
    FakePeer peer = silentOneOfTwo();
    threads.timer.pause();
    List<BlobRef> refs = writeSmall(150);
    assertThat(peer.puts).as("the others wait for these").hasValue(2);
    BlobRef large = write(plain);
    assertThat(peer.puts).as("which is behind them").hasValue(2);

    peer.speak();

    assertThat(peer.blobs).hasSize(151).containsKey(large.id());
    assertThat(blocks.sync(refs.stream().map(BlobRef::id).collect(toSet()))).isEmpty();
    assertThat(peer.puts).as("64, 64, 22, and the large one").hasValue(3 + 1);
  }

  @Test
  void questionsThatWaitGoTogetherAndWhatIsLackingFollows() {
    FakePeer peer = silentOneOfTwo();
    threads.timer.pause();
    List<BlobRef> refs = writeSmall(150);
    peer.speak();
    refs.forEach(ref -> catalog.refer(ref.id(), 1000));
    assertThat(blocks.sync(refs.stream().map(BlobRef::id).collect(toSet()))).isEmpty();
    refs.forEach(blocks::unpin);
    peer.blobs.remove(refs.get(7).id());
    peer.blobs.remove(refs.get(100).id());
    peer.puts.set(0);
    peer.mood = FakePeer.Mood.SILENT;
    refs.forEach(ref -> assertThat(blocks.share(ref)).isTrue());
    assertThat(peer.holds).as("the others wait for these").hasValue(2);

    peer.speak();

    assertThat(blocks.sync(refs.stream().map(BlobRef::id).collect(toSet()))).isEmpty();
    assertThat(peer.holds).as("64, 64, and 22").hasValue(3);
    assertThat(peer.puts).hasValue(2);
    assertThat(peer.blobs).hasSize(150);
  }

  /** A question that the peer cannot answer must not keep others unanswered for ever. */
  @Test
  void questionsThatFailAreAskedAgainOneByOne() {
    FakePeer peer = silentOneOfTwo();
    peer.speak();
    List<BlobRef> refs = writeSmall(5);
    refs.forEach(ref -> catalog.refer(ref.id(), 1000));
    await().until(() -> peer.blobs.size() == 5);
    assertThat(blocks.sync(refs.stream().map(BlobRef::id).collect(toSet()))).isEmpty();
    refs.forEach(blocks::unpin);
    peer.mood = FakePeer.Mood.SILENT;
    refs.forEach(ref -> assertThat(blocks.share(ref)).isTrue());
    peer.refused = refs.get(3).id();

    peer.speak();

    assertThat(blocks.sync(Set.of(refs.get(2).id(), refs.get(4).id()))).isEmpty();
  }

  /** One that a peer does not take must not keep the others from it for ever. */
  @Test
  void afterAFailureSmallBlobsGoAlone() {
    FakePeer peer = silentOneOfTwo();
    List<BlobRef> refs = writeSmall(5);
    peer.refused = refs.get(3).id();

    peer.speak();

    await().until(() -> peer.blobs.size() == 4);
    assertThat(peer.blobs).doesNotContainKey(refs.get(3).id());
    assertThat(blocks.sync(Set.of(refs.get(2).id(), refs.get(4).id()))).isEmpty();
  }

  @Test
  void tooFewCopiesForTooLongFailTheSync() {
    cluster(2, Duration.ofMillis(200));
    others().get(0).mood = FakePeer.Mood.DEAD;
    BlobRef ref = write(plain);

    assertThatThrownBy(() -> blocks.sync(Set.of(ref.id())))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
    assertThat(blocks.sync(Set.of())).as("of what nobody asked for").isEmpty();
  }

  @Test
  void whatIsCommittedIsHeldAndNotSentAgain() {
    cluster(3);
    BlobRef ref = write(plain);
    blocks.sync(Set.of(ref.id()));
    catalog.refer(ref.id(), plain.length);

    assertThat(write(plain)).isEqualTo(ref);

    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    assertThat(others()).allSatisfy(peer -> {
      assertThat(peer.puts).hasValue(1);
      assertThat(peer.holds).hasValue(1);
    });
    assertThat(blocks.stats().deduplicatedBytes()).isEqualTo(plain.length);
  }

  @Test
  void whatIsSharedIsHeldAsIfItWereWrittenAgain() {
    cluster(3);
    BlobRef ref = write(plain);
    blocks.sync(Set.of(ref.id()));
    catalog.refer(ref.id(), plain.length);
    blocks.unpin(ref);
    others().get(1).blobs.clear();

    assertThat(blocks.share(ref)).isTrue();

    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    await().until(() -> others().get(1).blobs.containsKey(ref.id()));
    assertThat(others().get(0).puts).hasValue(1);
    assertThat(others()).allSatisfy(peer -> assertThat(peer.holds).hasValue(1));
  }

  @Test
  void aDamagedCopyIsNotShared() {
    cluster(3);
    BlobRef ref = write(plain);
    blocks.sync(Set.of(ref.id()));
    store.flipBit(ref.id(), 1000);

    assertThat(blocks.share(ref)).isFalse();

    blocks.unpin(ref);
    assertThatThrownBy(() -> blocks.unpin(ref)).isInstanceOf(IllegalStateException.class);
  }

  /** It is here, but nobody knows whether it is anywhere else. */
  @Test
  void whatIsHereAndNotCommittedIsSentToThoseWhoLackIt() {
    cluster(3);
    BlobRef ref = write(plain);
    blocks.sync(Set.of(ref.id()));
    await().until(() -> others().stream().allMatch(peer -> peer.blobs.containsKey(ref.id())));
    others().get(1).blobs.clear();

    assertThat(write(plain)).isEqualTo(ref);

    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    await().until(() -> others().get(1).blobs.containsKey(ref.id()));
    assertThat(others().get(0).puts).as("it was asked first").hasValue(1);
    assertThat(others().get(1).puts).hasValue(2);
  }

  @Test
  void aNodeAloneSendsNothing() {
    cluster(1);
    BlobRef ref = write(plain);
    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    assertThat(peers.values()).allSatisfy(peer -> assertThat(peer.puts).hasValue(0));
  }

  /**
   * More than is kept in memory goes to a peer that answers late: each arrives intact, from memory
   * or read back, whatever was written in between.
   */
  @Test
  void aSlowPeerGetsEverythingIntactAndStallsNobody() {
    cluster(3);
    FakePeer slow = others().get(1);
    slow.mood = FakePeer.Mood.SILENT;
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      BlobRef ref = write(Blocks.random(1 << 20, i));
      refs.add(ref);
      assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    }
    assertThat(slow.unanswered.size()).as("the rest waits here").isLessThan(10);

    slow.speak();

    await().atMost(Duration.ofSeconds(30)).until(() -> slow.blobs.size() == refs.size());
    assertThat(others().get(0).blobs).hasSize(refs.size());
  }

  /** Many of them wait while a peer is slow. */
  @Test
  void aSmallBlobOnItsWayKeepsLittleMemory() {
    cluster(3);
    FakePeer slow = others().get(1);
    slow.mood = FakePeer.Mood.SILENT;
    Set<BlobId> ids = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      BlobRef ref = write(Blocks.random(1000, i));
      ids.add(ref.id());
      assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    }
    slow.speakOnce();
    await().until(() -> slow.blobs.size() == 2);
    assertThat(slow.puts).as("two, and all that waited").hasValue(3);
    assertThat(slow.unansweredBytes.get()).isBetween(50 * 1000L, 50 * 2000L);

    slow.speak();

    await().until(() -> slow.blobs.keySet().equals(ids));
  }
}
