package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.TestNode;
import org.cairnfs.store.DiskFullException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies that a writer went on without: that they are counted, and made before any walk. */
final class MissedCopiesTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int PLAIN_LENGTH = 5000;
  private static final NodeId OTHER = FakeNodes.id(2);

  /** Nobody waits for the next walk of its own accord. */
  private static final ClusterSettings SELDOM = new ClusterSettings(
      Duration.ofSeconds(10),
      Duration.ofSeconds(20),
      Duration.ofMinutes(10),
      Duration.ofMillis(20),
      1L << 30,
      Duration.ofHours(1),
      Duration.ofMillis(10),
      0);

  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  private final ExecutorService transfers = Executors.newFixedThreadPool(8);
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final LocalBlobs local = Blocks.local(store);
  private final TestCatalog catalog = new TestCatalog();
  private final FakeNodes nodes = new FakeNodes(3);
  private final Map<NodeId, FakePeer> peers = new HashMap<>();
  private final ClusterBlobs.Peers others = new ClusterBlobs.Peers(nodes, peers::get);
  private final FakePeer other = new FakePeer();

  /** Of those that do not wait. */
  private final AtomicLong now = new AtomicLong();

  private final MissedCopies missed =
      new MissedCopies(local, catalog, nodes, ClusterSettings.DEFAULT, now::get);
  private final Pace pace = new Pace(1L << 40, now::get);
  private byte[] blob = {};
  private BlobId id;

  @BeforeEach
  void storeOne() throws Exception {
    nodes.nodes().forEach(node -> peers.put(node.id(), new FakePeer()));
    peers.put(OTHER, other);
    blob = Blocks.random(BlobFormat.blobLengthOf(PLAIN_LENGTH), 1);
    id = BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
    store.append(id, ByteBuffer.wrap(blob));
  }

  @AfterEach
  void stop() {
    timer.shutdownNow();
    transfers.shutdownNow();
  }

  private LatePuts latePuts(ClusterBlobs.Peers to) {
    return new LatePuts(local, to, missed, pace, Duration.ofSeconds(2), now::get);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  /** Writes a block that has two copies of three, and is not told of the third. */
  private void writtenWithout(ClusterBlobs blobs, Runnable trouble) {
    BlockStore blocks = blobs.blockStore(Blocks.sealer(), Blocks.CALLER, BlockStoreLimits.DEFAULT);
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
    CachedStore none = () -> {
      throw new IOException("nothing is cached");
    };
    return new ClusterBlobs(
        new ClusterBlobs.Stores(store, none, 0, Blocks.disk()),
        catalog,
        others,
        new ClusterBlobs.Threads(timer, transfers),
        SELDOM,
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
    assertThat(puts.begin()).isFalse();
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
  @Test
  void aNodeThatHasNoRoomKnowsWhatItLacksAndIsNotSentItAgain() throws Exception {
    ConcurrentLinkedQueue<BlobId> known = new ConcurrentLinkedQueue<>();
    LocalBlobs full = Blocks.local(new ForwardingBlobStore(new InMemoryBlobStore()) {
      @Override
      public boolean append(BlobId which, ByteBuffer bytes) throws IOException {
        throw new DiskFullException("no room");
      }
    });
    full.onRefused(known::add);
    byte[] second = Blocks.random(blob.length, 3);
    BlobId secondId = BlobId.of(MessageDigest.getInstance("SHA-256").digest(second));
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
    LatePuts puts = latePuts(others);
    puts.missed(id, OTHER);
    pass(Duration.ofSeconds(2));
    assertThat(puts.begin()).isTrue();
    CompletableFuture<Void> running = CompletableFuture.runAsync(puts::run, transfers);
    await().until(() -> !other.unanswered.isEmpty());

    pace.close();
    puts.close();

    running.get(SOON.toSeconds(), TimeUnit.SECONDS);
    assertThat(missed.list()).hasSize(1);
  }
}
