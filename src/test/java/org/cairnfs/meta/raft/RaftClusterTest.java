package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.Invite;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaSnapshot;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.NewInode;
import org.cairnfs.meta.SessionSettings;
import org.cairnfs.meta.Sessions;
import org.cairnfs.net.Role;
import org.cairnfs.proto.MemberDetails;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.UpdateMember;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A cluster that grows, shrinks, and loses nodes and links, in one JVM. */
class RaftClusterTest {
  /** Where Ratis lets tests hold up the thread that writes its log. */
  private static final String LOG_WORKER = "SegmentedRaftLogWorker.runWorker";

  private static final UUID GROUP = new UUID(1, 2);
  private static final Bytes VOLUME = new Bytes(new byte[] {1});
  private static final Bytes SECRET = new Bytes(new byte[Invite.HASH_BYTES]);
  private static final Timestamp NOW = new Timestamp(100, 0);
  private static final Timestamp LATER = new Timestamp(1_000_000, 0);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final RaftTiming QUICK = new RaftTiming(
      Duration.ofMillis(300),
      Duration.ofMillis(600),
      Duration.ofSeconds(20),
      Duration.ofMinutes(10),
      Duration.ofMillis(1500),
      Duration.ofMillis(50));

  @TempDir
  private Path root;

  private final MemoryNet net = new MemoryNet();
  private final List<Node> nodes = new ArrayList<>();
  private RaftTiming timing = QUICK;
  private long seed = 1;

  /** A host with its log and its store. */
  private final class Node {
    private final NodeId id;
    private final boolean joining;
    private final Path directory;
    private final AtomicInteger fetches = new AtomicInteger();
    private InMemoryKvStore kv = new InMemoryKvStore(MetaStore.tableNames());
    private MetaStore store;
    private Members members;
    private RaftMetaLog log;
    private volatile long fetchedBytesMax = Long.MAX_VALUE;

    /** Told from whom all rows have come. */
    private volatile Consumer<String> fetched = from -> {};

    Node(int number, boolean joining) {
      this.id = new NodeId(number, 0, 0, 0);
      this.joining = joining;
      this.directory = root.resolve(id.toString());
    }

    Node open() {
      try {
        store = new MetaStore(kv);
        members = new Members(store);
        log = RaftMetaLog.open(
            new RaftMetaLog.Place(directory, GROUP, id.toString(), joining),
            store,
            members,
            new RaftLinks(net.wire(id.toString()), this::fetch),
            timing);
        return this;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void fetch(String from, OutputStream into) throws IOException {
      fetches.incrementAndGet();
      if (net.isCut(from, id.toString())) {
        throw new IOException(from + " cannot be reached");
      }
      ByteBuffer piece = ByteBuffer.allocate(100);
      long fetchedBytes = 0;
      try (MetaSnapshot snapshot = node(from).store.snapshot()) {
        boolean more = true;
        while (more) {
          more = snapshot.read(piece.clear());
          into.write(piece.array(), 0, piece.position());
          fetchedBytes += piece.position();
          if (fetchedBytes > fetchedBytesMax) {
            throw new IOException("the connection broke");
          }
        }
      }
      fetched.accept(from);
    }

    boolean leads() {
      return log.leads();
    }

    long applied() {
      return store.applied().index();
    }

    MemberChanges changes() {
      return new MemberChanges(log);
    }

    Member member() {
      return new Member(id, Role.MEMBER, List.of("host:1"), "", 1 << 20, MemberState.ACTIVE, NOW);
    }

    void close() {
      if (log != null) {
        log.close();
        log = null;
      }
    }

    /** As after kill -9: what was not flushed is not there. */
    void crash() {
      net.cut(id.toString());
      kv = kv.crash();
      close();
      net.heal();
    }
  }

  private Node node(String id) {
    return nodes.stream()
        .filter(node -> node.id.toString().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @AfterEach
  void stop() {
    nodes.forEach(Node::close);
    net.close();
  }

  private Node found() {
    Node founder = new Node(1, false);
    nodes.add(founder);
    founder.open();
    assertThat(get(founder.changes().addFounder(founder.member()))).isEqualTo(MemberOutcome.DONE);
    get(founder.changes().addInvite(new Invite(SECRET, Role.MEMBER, LATER, 100), NOW));
    return founder;
  }

  private Node join(Node through) {
    Node node = new Node(nodes.size() + 1, true);
    nodes.add(node);
    node.open();
    assertThat(get(through.changes().join(SECRET, node.member(), NOW)))
        .isEqualTo(MemberOutcome.DONE);
    return node;
  }

  private static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Node leader() {
    return await()
        .atMost(LIMIT)
        .until(
            () ->
                nodes.stream().filter(node -> node.log != null && node.leads()).toList(),
            leaders -> leaders.size() == 1)
        .get(0);
  }

  private void awaitVoters(int voters, int learners) {
    await().atMost(LIMIT).untilAsserted(() -> {
      VoterPlan.Group group = leader().log.group();
      assertThat(group).isNotNull();
      assertThat(group.voters()).hasSize(voters);
      assertThat(group.learners()).hasSize(learners);
    });
  }

  private void awaitSame(List<Node> among) {
    await()
        .atMost(LIMIT)
        .until(() -> among.stream().mapToLong(Node::applied).distinct().count() == 1);
  }

  private MetaSession session(Node node) {
    try {
      return LocalMetaSession.open(
          node.store,
          node.log,
          new SessionSettings(
              node.id,
              VOLUME,
              0755,
              0,
              0,
              Clock.fixed(Instant.EPOCH, ZoneOffset.UTC),
              System::nanoTime,
              new SplittableRandom(seed++)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Bytes name(String name) {
    return new Bytes(name.getBytes(UTF_8));
  }

  private static CompletableFuture<Void> create(MetaSession session, String name) {
    session.create(
        InodeNumber.ROOT, name(name), new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, NOW));
    return session.cut().commit(List.of());
  }

  /** As long as the Raft log's segments, so that these are closed, flushed and purged. */
  private static byte[] longEntry() {
    MemberDetails details =
        MemberDetails.newBuilder().addAddresses("x".repeat(9 << 20)).build();
    return MetaEntry.newBuilder()
        .addOps(MetaOp.newBuilder().setUpdateMember(UpdateMember.newBuilder().setDetails(details)))
        .build()
        .toByteArray();
  }

  private void purge(Node node) {
    Path logs = RaftInstance.logDirectory(node.directory, GROUP);
    await().atMost(LIMIT).until(() -> {
      get(node.log.propose(longEntry()));
      return !Files.exists(logs.resolve("log_0-0")) && firstSegment(logs) > 0;
    });
  }

  private static long firstSegment(Path logs) throws IOException {
    try (var files = Files.list(logs)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.startsWith("log_"))
          .map(file -> file.replace("log_inprogress_", "").replace("log_", ""))
          .mapToLong(file -> Long.parseLong(file.replaceFirst("-.*", "")))
          .min()
          .orElse(0);
    }
  }

  @Test
  void aClusterGrowsFromOneToFive() {
    Node founder = found();
    MetaSession session = session(founder);
    create(session, "alone").join();

    join(founder);
    awaitVoters(1, 1);
    get(create(session, "two"));
    join(nodes.get(1));
    awaitVoters(3, 0);
    get(create(session, "three"));
    join(founder);
    join(nodes.get(3));
    awaitVoters(5, 0);
    get(create(session, "five"));

    nodes.forEach(node -> get(node.log.ready()));
    awaitSame(nodes);
    for (Node node : nodes) {
      assertThat(node.members.list()).hasSize(5);
      assertThat(node.store.usage()).isEqualTo(founder.store.usage());
      assertThat(node.log.hasLeader()).isTrue();
      assertThat(node.fetches).hasValue(0);
    }
  }

  /** The library drops learners when it gives up adding somebody who is not there. */
  @Test
  void whoDoesNotComeHoldsNobodyUp() {
    Node founder = found();
    MetaSession session = session(founder);
    join(founder);
    awaitVoters(1, 1);
    Node absent = new Node(3, true);
    nodes.add(absent);
    get(founder.changes().join(SECRET, absent.member(), NOW));
    Instant end = Instant.now().plus(timing.electionMax().multipliedBy(8));
    for (int i = 0; Instant.now().isBefore(end); i++) {
      get(create(session, "meanwhile" + i));
      await().atMost(LIMIT).until(() -> nodes.get(1).applied() == founder.applied());
    }
    absent.open();
    awaitVoters(3, 0);
    get(create(session, "after"));
    awaitSame(nodes);
  }

  @Test
  void whoComesAfterTheLogWasPurgedGetsAllRows() {
    Node founder = found();
    MetaSession session = session(founder);
    get(create(session, "before"));
    purge(founder);

    Node second = join(founder);
    second.fetchedBytesMax = 200;
    await().atMost(LIMIT).until(() -> second.fetches.get() > 1);
    assertThat(second.applied()).isZero();
    second.fetchedBytesMax = Long.MAX_VALUE;

    get(second.log.ready());
    get(create(session, "after"));
    awaitSame(nodes);
    assertThat(second.store.usage()).isEqualTo(founder.store.usage());
    assertThat(second.members.list()).hasSize(2);
    // And it is no longer needed when it comes back.
    int fetches = second.fetches.get();
    second.close();
    second.open();
    get(second.log.ready());
    assertThat(second.fetches).hasValue(fetches);
  }

  /**
   * Logs begin where their nodes joined: the library refuses a leader whose own is the longer one.
   */
  @Test
  void whoHasAllRowsOfALeaderThatDiesGoesOnWithTheNext() {
    timing = hasty();
    Node founder = found();
    purge(founder);
    join(founder);
    get(nodes.get(1).log.ready());
    Node last = join(founder);
    awaitVoters(3, 0);
    nodes.forEach(node -> get(node.log.ready()));
    while (leader() != last) {
      Node other = leader();
      net.cut(other.id.toString());
      await()
          .atMost(LIMIT)
          .until(() -> nodes.stream().anyMatch(node -> node != other && node.leads()));
      net.heal();
    }

    Node fourth = new Node(4, true);
    fourth.fetched = from -> net.cut(last.id.toString());
    nodes.add(fourth);
    fourth.open();
    get(last.changes().join(SECRET, fourth.member(), NOW));

    await().atMost(LIMIT).until(() -> fourth.fetches.get() > 0);
    get(fourth.log.ready());
    assertThat(fourth.members.list()).hasSize(4);
  }

  /** This leader brought it in: the library would wait for it, and then forget the others, too. */
  @Test
  void aNodeIsAddedThoughAVoterIsDead() {
    timing = hasty();
    three();
    Node leader = leader();
    Node dead = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
    net.cut(dead.id.toString());
    await()
        .atMost(LIMIT)
        .until(() -> leader
                .log
                .current()
                .silence()
                .get(dead.id.toString())
                .compareTo(timing.newcomerSilence())
            > 0);
    Logger logger = (Logger) LoggerFactory.getLogger(LeaderDuties.class);
    ListAppender<ILoggingEvent> said = new ListAppender<>();
    said.list = new CopyOnWriteArrayList<>();
    said.start();
    logger.addAppender(said);
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    try {
      join(leader);
      awaitVoters(3, 1);
    } finally {
      logger.setAdditive(true);
      logger.setLevel(null);
      logger.detachAppender(said);
    }
    assertThat(said.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.startsWith("The Raft group changes"))
        .noneMatch(line -> line.contains("did not change"));
  }

  @Test
  void aLoadThatWasInterruptedIsBegunAnew() throws IOException {
    Node founder = found();
    MetaSession session = session(founder);
    get(create(session, "before"));
    purge(founder);
    Node second = join(founder);
    get(second.log.ready());
    awaitVoters(1, 1);
    second.close();
    get(create(session, "while it was away"));
    purge(founder);

    // What a crash in the middle leaves: the rows on disk, some of them in the store.
    Path rows = second.directory.resolve(GROUP + ".rows");
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    second.fetch(founder.id.toString(), all);
    Files.write(rows, Arrays.copyOf(all.toByteArray(), all.size() - 1));
    MetaStore half = new MetaStore(second.kv);
    assertThatThrownBy(() -> new SnapshotSpool(second.directory, GROUP).load(half))
        .isInstanceOf(IOException.class);
    Files.write(rows, all.toByteArray());
    second.open();

    assertThat(rows).doesNotExist();
    get(second.log.ready());
    awaitSame(nodes);
    assertThat(second.store.usage()).isEqualTo(founder.store.usage());
  }

  /** For tests that wait for elections. */
  private static RaftTiming hasty() {
    return new RaftTiming(
        Duration.ofMillis(150),
        Duration.ofMillis(300),
        QUICK.noLeader(),
        QUICK.silentVoter(),
        QUICK.silentSession(),
        QUICK.tick());
  }

  private List<Node> three() {
    Node founder = found();
    join(founder);
    join(founder);
    awaitVoters(3, 0);
    nodes.forEach(node -> get(node.log.ready()));
    return nodes;
  }

  @Test
  void nothingIsLostWhenTheLeaderDies() {
    three();
    Node leader = leader();
    Node other = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
    MetaSession session = session(other);
    List<CompletableFuture<Void>> created = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      created.add(create(session, "before " + i));
      if (i == 10) {
        net.cut(leader.id.toString());
      }
    }
    created.forEach(RaftClusterTest::get);
    assertThat(leader()).isNotSameAs(leader);
    net.heal();

    awaitSame(nodes);
    assertThat(leader.store.usage().inodes()).isEqualTo(21);
  }

  /** Some entries are always under way, so also when the lead goes to another node. */
  @Test
  void theLeadGoesToTheNodeThatWorksAndNothingIsLost() {
    three();
    Node leader = leader();
    Node worker = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
    MetaSession session = session(worker);
    List<CompletableFuture<Void>> created = new ArrayList<>();
    Instant limit = Instant.now().plus(LIMIT);
    while (!worker.leads() && Instant.now().isBefore(limit)) {
      created.add(create(session, "before " + created.size()));
      get(created.get(Math.max(0, created.size() - 8)));
    }
    assertThat(worker.leads()).isTrue();
    created.add(create(session, "after"));
    created.forEach(RaftClusterTest::get);

    awaitSame(nodes);
    assertThat(leader.store.usage().inodes()).isEqualTo(created.size() + 1);
  }

  @Test
  void aLeadThatCannotBeHandedOverHoldsNobodyUp() throws IOException {
    three();
    Node leader = leader();
    Node other = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
    net.cut(other.id.toString());
    CompletableFuture<RaftClientReply> handedOver =
        leader.log.current().handOver(other.id.toString());
    CompletableFuture<MemberOutcome> change =
        leader.changes().update(leader.id, List.of("new:1"), "", 1);

    assertThat(get(change)).isEqualTo(MemberOutcome.DONE);
    assertThat(get(handedOver).isSuccess()).isFalse();
  }

  @Test
  void withoutAQuorumProposalsFailAndWithItTheyGoOn() {
    timing = new RaftTiming(
        QUICK.electionMin(),
        QUICK.electionMax(),
        Duration.ofSeconds(4),
        QUICK.silentVoter(),
        QUICK.silentSession(),
        QUICK.tick());
    three();
    Node left = nodes.get(0);
    net.cut(nodes.get(1).id.toString());
    net.cut(nodes.get(2).id.toString());
    await().atMost(LIMIT).until(() -> !left.log.hasLeader());

    CompletableFuture<MemberOutcome> change =
        left.changes().update(left.id, List.of("new:1"), "", 1);
    assertThatThrownBy(() -> change.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(IOException.class)
        .hasMessageContaining("no leader");

    net.heal();
    await().atMost(LIMIT).until(left.log::hasLeader);
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(
                left.changes().update(left.id, List.of("newer:1"), "", 1).get())
            .isEqualTo(MemberOutcome.DONE));
  }

  @Test
  void allMayBeStartedAgainInTurnAndAtOnce() {
    three();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      node.crash();
      byte[] hash = SECRET.array().clone();
      hash[0] = (byte) (i + 1);
      Node other = nodes.get((i + 1) % nodes.size());
      assertThat(get(
              other.changes().addInvite(new Invite(new Bytes(hash), Role.MEMBER, LATER, 1), NOW)))
          .isEqualTo(MemberOutcome.DONE);
      node.open();
      get(node.log.ready());
    }
    nodes.forEach(Node::close);
    nodes.forEach(Node::open);
    nodes.forEach(node -> get(node.log.ready()));

    awaitSame(nodes);
    nodes.forEach(node -> assertThat(node.members.invites()).hasSize(4));
    awaitVoters(3, 0);
  }

  @Test
  void whoIsRemovedLeavesTheGroupTheLeaderToo() {
    three();
    Node removed = leader();
    Node other = nodes.stream().filter(node -> node != removed).findFirst().orElseThrow();
    session(removed);

    assertThat(get(other.changes().setState(removed.id, MemberState.REMOVED)))
        .isEqualTo(MemberOutcome.DONE);

    await()
        .atMost(LIMIT)
        .until(() -> nodes.stream().anyMatch(node -> node != removed && node.leads()));
    await().atMost(LIMIT).untilAsserted(() -> {
      Node leader = nodes.stream()
          .filter(node -> node != removed && node.leads())
          .findFirst()
          .orElseThrow();
      assertThat(leader.log.group()).isNotNull();
      assertThat(leader.log.group().has(removed.id.toString())).isFalse();
    });
    await()
        .atMost(LIMIT)
        .until(() ->
            Sessions.list(other.store).stream().noneMatch(live -> live.node().equals(removed.id)));
    MetaSession session = session(other);
    get(create(session, "without it"));
    await()
        .atMost(LIMIT)
        .untilAsserted(
            () -> assertThat(removed.log.propose(new byte[0])).isCompletedExceptionally());
  }

  @Test
  void aVoterThatIsSilentForLongIsReplaced() {
    timing = new RaftTiming(
        QUICK.electionMin(),
        QUICK.electionMax(),
        QUICK.noLeader(),
        Duration.ofSeconds(2),
        QUICK.silentSession(),
        QUICK.tick());
    three();
    join(nodes.get(0));
    awaitVoters(3, 1);
    Node leader = leader();
    Node silent = nodes.stream()
        .filter(node -> node != leader && leader.log.group().voters().contains(node.id.toString()))
        .findFirst()
        .orElseThrow();

    net.cut(silent.id.toString());

    await().atMost(LIMIT).untilAsserted(() -> {
      VoterPlan.Group group = leader.log.group();
      assertThat(group).isNotNull();
      assertThat(group.voters()).hasSize(3).doesNotContain(silent.id.toString());
      assertThat(group.learners()).containsExactly(silent.id.toString());
    });
    net.heal();
    get(create(session(silent), "back"));
    awaitSame(nodes);
  }

  /**
   * A follower whose disk takes longer than the leader waits is sent the same once more, and what
   * has come since.
   */
  @Test
  void whatComesWithWhatIsStillWrittenIsWrittenToo() {
    List<Node> all = three();
    Node leader = leader();
    Node slow = all.stream().filter(node -> node != leader).findFirst().orElseThrow();
    slow.close();
    CountDownLatch disk = new CountDownLatch(1);
    CodeInjectionForTesting.put(LOG_WORKER, (local, remote, arguments) -> {
      try {
        return !local.toString().equals(slow.id.toString()) || disk.await(60, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    });
    try {
      long before = leader.applied();
      slow.open(); // and proposes something to know how far it is, which it cannot write
      long known = slow.applied();
      await().atMost(LIMIT).until(() -> leader.applied() > before);
      get(leader.log.propose(longEntry()));
      await()
          .pollDelay(WireServerRpc.LIMIT.plusSeconds(1)) // by then it was sent again
          .untilAsserted(() -> assertThat(slow.applied()).isEqualTo(known));
    } finally {
      CodeInjectionForTesting.remove(LOG_WORKER);
      disk.countDown();
    }
    await().atMost(LIMIT).until(() -> slow.applied() == leader.applied());
  }

  @Test
  void theSessionsOfASilentNodeAreEnded() {
    three();
    Node leader = leader();
    Node silent = nodes.stream().filter(node -> node != leader).findFirst().orElseThrow();
    MetaSession ofLeader = session(leader);
    session(silent);
    assertThat(Sessions.list(leader.store)).hasSize(2);

    net.cut(silent.id.toString());

    await()
        .atMost(LIMIT)
        .until(() -> Sessions.list(leader.store).stream()
            .map(Sessions.Live::node)
            .toList()
            .equals(List.of(leader.id)));
    get(create(ofLeader, "alone again"));
  }
}
