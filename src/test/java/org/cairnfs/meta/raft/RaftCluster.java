package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
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
import org.cairnfs.net.Role;
import org.cairnfs.proto.MemberDetails;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.UpdateMember;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** A cluster in one JVM whose nodes can come and go and whose links can be cut. */
abstract class RaftCluster {
  static final UUID GROUP = new UUID(1, 2);
  static final Bytes VOLUME = new Bytes(new byte[] {1});
  static final Bytes SECRET = new Bytes(new byte[Invite.HASH_BYTES]);
  static final Timestamp NOW = new Timestamp(100, 0);
  static final Timestamp LATER = new Timestamp(1_000_000, 0);
  static final byte[] NOTHING = MetaEntry.getDefaultInstance().toByteArray();
  static final Duration LIMIT = Duration.ofSeconds(60);

  static final RaftTiming QUICK = new RaftTiming(
      Duration.ofMillis(300),
      Duration.ofMillis(600),
      Duration.ofSeconds(20),
      Duration.ofMinutes(10),
      Duration.ofMillis(1500),
      Duration.ofMillis(50));

  @TempDir
  Path root;

  final MemoryNet net = new MemoryNet();
  final List<Node> nodes = new ArrayList<>();
  RaftTiming timing = QUICK;
  long seed = 1;

  /** A host with its log and its store. */
  final class Node {
    final NodeId id;
    final boolean joining;
    final Path directory;
    final AtomicInteger fetches = new AtomicInteger();
    InMemoryKvStore kv = new InMemoryKvStore(MetaStore.tableNames());
    MetaStore store;
    Members members;
    RaftMetaLog log;
    volatile long fetchedBytesMax = Long.MAX_VALUE;

    /** Told from whom all rows have come. */
    volatile Consumer<String> fetched = from -> {};

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

    void fetch(String from, OutputStream into) throws IOException {
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

  Node node(String id) {
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

  Node found() {
    Node founder = new Node(1, false);
    nodes.add(founder);
    founder.open();
    assertThat(get(founder.changes().addFounder(founder.member()))).isEqualTo(MemberOutcome.DONE);
    get(founder.changes().addInvite(new Invite(SECRET, Role.MEMBER, LATER, 100), NOW));
    return founder;
  }

  Node join(Node through) {
    Node node = new Node(nodes.size() + 1, true);
    nodes.add(node);
    node.open();
    assertThat(get(through.changes().join(SECRET, node.member(), NOW)))
        .isEqualTo(MemberOutcome.DONE);
    return node;
  }

  static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  Node leader() {
    return await()
        .atMost(LIMIT)
        .until(
            () ->
                nodes.stream().filter(node -> node.log != null && node.leads()).toList(),
            leaders -> leaders.size() == 1)
        .get(0);
  }

  /** Any node but that one. */
  Node otherThan(Node node) {
    return nodes.stream().filter(other -> other != node).findFirst().orElseThrow();
  }

  void awaitVoters(int voters, int learners) {
    await().atMost(LIMIT).untilAsserted(() -> {
      VoterPlan.Group group = leader().log.group();
      assertThat(group).isNotNull();
      assertThat(group.voters()).hasSize(voters);
      assertThat(group.learners()).hasSize(learners);
    });
  }

  void awaitSame(List<Node> among) {
    await()
        .atMost(LIMIT)
        .until(() -> among.stream().mapToLong(Node::applied).distinct().count() == 1);
  }

  MetaSession session(Node node) {
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

  static Bytes name(String name) {
    return new Bytes(name.getBytes(UTF_8));
  }

  static CompletableFuture<Void> create(MetaSession session, String name) {
    session.create(
        InodeNumber.ROOT, name(name), new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, NOW));
    return session.cut().commit(List.of());
  }

  /** As long as the Raft log's segments, so that these are closed, flushed and purged. */
  static byte[] longEntry() {
    MemberDetails details =
        MemberDetails.newBuilder().addAddresses("x".repeat(9 << 20)).build();
    return MetaEntry.newBuilder()
        .addOps(MetaOp.newBuilder().setUpdateMember(UpdateMember.newBuilder().setDetails(details)))
        .build()
        .toByteArray();
  }

  void purge(Node node) {
    Path logs = RaftInstance.logDirectory(node.directory, GROUP);
    await().atMost(LIMIT).until(() -> {
      get(node.log.propose(longEntry()));
      return !Files.exists(logs.resolve("log_0-0")) && firstSegment(logs) > 0;
    });
  }

  static long firstSegment(Path logs) throws IOException {
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

  /** For tests that wait for elections. */
  static RaftTiming hasty() {
    return new RaftTiming(
        Duration.ofMillis(150),
        Duration.ofMillis(300),
        QUICK.noLeader(),
        QUICK.silentVoter(),
        QUICK.silentSession(),
        QUICK.tick());
  }

  void three() {
    Node founder = found();
    join(founder);
    join(founder);
    awaitVoters(3, 0);
    nodes.forEach(node -> get(node.log.ready()));
    // Who does not know yet that they all vote now votes for nobody, should the leader die first.
    get(leader().log.propose(NOTHING));
    awaitSame(nodes);
  }
}
