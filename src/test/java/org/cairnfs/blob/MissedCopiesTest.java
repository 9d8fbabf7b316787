package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.TestNode;
import org.cairnfs.store.DiskFullException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies that a writer went on without: that they are counted, and made before any walk. */
final class MissedCopiesTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int PLAIN_LENGTH = 5000;
  private static final NodeId OTHER = FakeNodes.id(2);

  private final BlobThreads threads = new BlobThreads();
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final LocalBlobs local = Blocks.local(store);
  private final TestCatalog catalog = new TestCatalog();
  private final FakeNodes nodes = new FakeNodes(3);
  private final Map<NodeId, FakePeer> peers = FakePeer.ofEach(nodes);
  private final ClusterBlobs.Peers others = new ClusterBlobs.Peers(nodes, peers::get);
  private final FakePeer other = peers.get(OTHER);

  /** Of those that do not wait. */
  private final AtomicLong now = new AtomicLong();

  private final MissedCopies missed =
      new MissedCopies(local, catalog, nodes, ClusterSettings.DEFAULT, now::get);
  private final Pace pace = new Pace(1L << 40, now::get);
  private byte[] blob = {};
  private BlobId id;

  @BeforeEach
  void storeOne() throws Exception {
    blob = Blocks.random(BlobFormat.LATEST.blobLengthOf(PLAIN_LENGTH), 1);
    id = Blocks.id(blob);
    store.append(id, ByteBuffer.wrap(blob));
  }

  @AfterEach
  void stop() {
    threads.close();
  }

  private LatePuts latePuts(ClusterBlobs.Peers to) {
    return new LatePuts(local, to, missed, pace, Duration.ofSeconds(2), now::get);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  /** Writes a block that has two copies of three, and is not told of the third. */
  private void writtenWithout(ClusterBlobs blobs, Runnable trouble) {
    BlockStore blocks = blobs.blockStore(Blocks.sealer(), Blocks.CALLER, Blocks.LIMITS);
    blobs.start();
    await().atMost(SOON).until(() -> blobs.repairStats().walks() > 0);
    trouble.run();
    await().atMost(SOON).until(() -> !blobs.repairStats().walking());

    BlobRef ref = blocks.writeNow(Blocks.random(PLAIN_LENGTH, 2), 0, PLAIN_LENGTH);
    assertThat(blocks.sync(Set.of(ref.id()))).isEmpty();
    id = ref.id();
    assertThat(blobs.repairStats().underReplicated()).as("nobody needs it yet").isZero();
    catalog.refer(id, PLAIN_LENGTH);
    await().atMost(SOON).until(() -> blobs.repairStats().underReplicated() == 1);
    assertThat(other.blobs).isEmpty();
  }

  private ClusterBlobs node() {
    return new ClusterBlobs(
        new ClusterBlobs.Stores(store, Blocks.NO_CACHE, 0, Blocks.disk()),
        catalog,
        others,
        threads.both(),
        BlobHost.SELDOM,
        System::nanoTime);
  }

  /** As when a connection breaks: neither node has gone down for the other. */
  @Test
  void whatDidNotGetToANodeThatIsUpIsPutThereSoon() {
    try (ClusterBlobs blobs = node()) {
      writtenWithout(blobs, () -> other.mood = FakePeer.Mood.DEAD);
      long walks = blobs.repairStats().walks();

      other.mood = FakePeer.Mood.WELL;

      await().atMost(SOON).until(() -> blobs.repairStats().underReplicated() == 0);
      assertThat(other.blobs).containsOnlyKeys(id);
      assertThat(blobs.repairStats().walks()).isEqualTo(walks);
      FakePeer third = peers.get(FakeNodes.id(1));
      assertThat(third.blobs).containsOnlyKeys(id);
      assertThat(third.holds).as("it has said already that it has it").hasValue(0);
    }
  }

  /** Which itself may have noticed nothing. */
  @Test
  void whatWasWrittenWhileANodeSeemedToBeDownIsPutThereOnceItIsUp() {
    try (ClusterBlobs blobs = node()) {
      writtenWithout(blobs, () -> nodes.live(OTHER, false));

      nodes.live(OTHER, true);

      await().atMost(SOON).until(() -> other.blobs.containsKey(id));
      await().atMost(SOON).until(() -> blobs.repairStats().underReplicated() == 0);
    }
  }

  @Test
  void aNodeThatCannotBeReachedIsTriedLessAndLessOften() {
    LatePuts puts = latePuts(others);
    other.mood = FakePeer.Mood.DEAD;
    catalog.refer(id, PLAIN_LENGTH);
    puts.missed(id, OTHER);
    puts.missed(BlobId.of(new byte[BlobId.SIZE_BYTES]), OTHER);
    List<Integer> tries = new ArrayList<>();
    for (int second = 0; second < 130; second++, pass(Duration.ofSeconds(1))) {
      if (puts.begin()) {
        tries.add(second);
        puts.run();
        assertThat(other.holds).as("one question each time").hasValue(tries.size());
      }
    }
    assertThat(tries).containsExactly(2, 4, 8, 16, 32, 64, 96, 128);
    assertThat(puts.count()).isEqualTo(1);

    other.mood = FakePeer.Mood.WELL;
    puts.trySoon(); // as when something is heard of nodes
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();
    puts.run();
    assertThat(other.blobs).containsOnlyKeys(id);
    assertThat(missed.list()).as("nor what is not here any more").isEmpty();
    pass(Duration.ofMinutes(1));
    assertThat(puts.begin()).as("there is nothing to do").isFalse();
  }

  /** It is not tried, and so it has not failed. */
  @Test
  void aNodeThatIsKnownToBeDownKeepsNobodyWaiting() {
    LatePuts puts = latePuts(others);
    nodes.live(OTHER, false);
    puts.missed(id, OTHER);
    for (int round = 0; round < 4; round++) {
      pass(Duration.ofSeconds(2));
      assertThat(puts.begin()).isTrue();
      assertThat(puts.begin()).as("it has begun").isFalse();
      puts.run();
    }
    assertThat(other.holds).hasValue(0);
    assertThat(missed.list()).hasSize(1);
  }

  @Test
  void theNextOneThatIsMissedDoesNotPutTheFirstOneOff() {
    LatePuts puts = latePuts(others);
    puts.missed(id, OTHER);
    pass(Duration.ofSeconds(1));
    puts.missed(id, FakeNodes.id(1));
    pass(Duration.ofSeconds(1));
    assertThat(puts.begin()).isTrue();
  }

  @Test
  void whatCannotBeReadHereIsGivenUp() {
    LocalBlobs broken = Blocks.local(new ForwardingBlobStore(store) {
      @Override
      public void read(BlobId which, int offset, ByteBuffer into) throws IOException {
        throw new IOException("the disk is broken");
      }
    });
    LatePuts puts = new LatePuts(broken, others, missed, pace, Duration.ofSeconds(2), now::get);
    puts.missed(id, OTHER);
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();

    puts.run();

    assertThat(missed.list()).isEmpty();
  }

  @Test
  void whatIsThereByNowIsNotSent() {
    LatePuts puts = latePuts(others);
    other.blobs.put(id, blob);
    catalog.refer(id, PLAIN_LENGTH);
    puts.missed(id, OTHER);
    assertThat(puts.count()).as("until it says so").isEqualTo(1);
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();

    puts.run();

    assertThat(puts.count()).isZero();
    assertThat(other.puts).hasValue(0);
  }

  @Test
  void whatIsHereByNowIsNotMissedHere() {
    missed.add(id, nodes.self());
    catalog.refer(id, PLAIN_LENGTH);
    assertThat(missed.count()).isZero();
    assertThat(missed.areSettled()).isTrue();
  }

  @Test
  void noMoreAreRememberedThanAWalkFindsAnyway() {
    for (int i = 0; i < 10_000; i++) {
      missed.add(new BlobId(i, 2, 3, 4), OTHER);
    }
    assertThat(missed.list()).hasSize(8192);
  }

  @Test
  void whatNobodyNeedsThereIsForgotten() {
    missed.add(id, OTHER);
    MissedCopies.Copy copy = missed.list().get(0);
    assertThat(missed.mayBeNeeded(copy)).as("a commit may be under way").isTrue();
    assertThat(missed.count()).isZero();

    pass(ClusterSettings.DEFAULT.hold());
    catalog.refer(id, PLAIN_LENGTH);
    assertThat(missed.mayBeNeeded(copy)).isTrue();
    assertThat(missed.count()).isEqualTo(1);

    nodes.placeable(OTHER, false);
    assertThat(missed.count()).as("others are to have it").isZero();
    assertThat(missed.areSettled()).isTrue();

    nodes.placeable(OTHER, true);
    missed.add(id, OTHER);
    catalog.drop(id);
    assertThat(missed.areSettled()).isFalse();
    pass(ClusterSettings.DEFAULT.hold());
    assertThat(missed.areSettled()).isTrue();
  }

  /** Its own repair sees to it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aNodeThatCannotStoreKnowsWhatItLacksAndIsNotSentItAgain(boolean noRoom) throws Exception {
    ConcurrentLinkedQueue<BlobId> known = new ConcurrentLinkedQueue<>();
    LocalBlobs full = Blocks.local(new ForwardingBlobStore(new InMemoryBlobStore()) {
      @Override
      public boolean append(BlobId which, ByteBuffer bytes) throws IOException {
        throw noRoom ? new DiskFullException("no room") : new IOException("the disk is broken");
      }
    });
    full.onRefused(known::add);
    byte[] second = Blocks.random(blob.length, 3);
    BlobId secondId = Blocks.id(second);
    store.append(secondId, ByteBuffer.wrap(second));
    try (TestNode server = TestNode.create();
        TestNode client = TestNode.create()) {
      Handlers.Builder handlers = Handlers.builder();
      new BlobService(full, () -> false).register(handlers, server.executor());
      server.listen(handlers.build());
      client.knows(server);
      RemoteBlobs remote =
          new PeerBlobs(client.client(), server.id(), TestNode.LIMIT, new SecureRandom());
      LatePuts puts = latePuts(new ClusterBlobs.Peers(nodes, to -> remote));
      puts.missed(id, OTHER);
      puts.missed(secondId, OTHER);
      pass(Duration.ofSeconds(2));
      assertThat(puts.begin()).isTrue();

      puts.run();
    }
    assertThat(known).as("all of them at once").containsExactlyInAnyOrder(id, secondId);
    assertThat(missed.list()).isEmpty();
  }

  @Test
  void closingEndsWhatAPeerDoesNotAnswer() throws Exception {
    other.mood = FakePeer.Mood.SILENT;
    peers.get(FakeNodes.id(1)).mood = FakePeer.Mood.SILENT;
    LatePuts puts = latePuts(others);
    puts.missed(id, OTHER);
    puts.missed(id, FakeNodes.id(1));
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();
    CompletableFuture<Void> running = CompletableFuture.runAsync(puts::run, threads.transfers);
    await().until(() -> asked() == 1);

    pace.close();
    puts.close();

    running.get(SOON.toSeconds(), TimeUnit.SECONDS);
    assertThat(missed.list()).hasSize(2);
    assertThat(asked()).as("nobody else is").isEqualTo(1);
  }

  private int asked() {
    return peers.values().stream().mapToInt(peer -> peer.holds.get()).sum();
  }

  @Test
  void closingEndsWhatHasJustBegun() {
    other.mood = FakePeer.Mood.SILENT;
    AtomicReference<LatePuts> closing = new AtomicReference<>();
    LatePuts puts = latePuts(new ClusterBlobs.Peers(nodes, to -> {
      pace.close();
      closing.get().close();
      return other;
    }));
    closing.set(puts);
    puts.missed(id, OTHER);
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();

    assertThat(CompletableFuture.runAsync(puts::run, threads.transfers)).succeedsWithin(SOON);
  }
}
