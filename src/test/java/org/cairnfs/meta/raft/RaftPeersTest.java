package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.Invite;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaSnapshot;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.NewInode;
import org.cairnfs.meta.TestSettings;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.Role;
import org.cairnfs.net.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes that keep one log, over real connections. */
class RaftPeersTest {
  private static final UUID GROUP = new UUID(1, 2);
  private static final Bytes SECRET = new Bytes(new byte[Invite.HASH_BYTES]);
  private static final Timestamp NOW = new Timestamp(100, 0);
  private static final int NODES = 3;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir
  private Path root;

  private final List<Peer> peers = new ArrayList<>();
  private long seed = 1;

  /** A node's part in it. */
  private final class Peer {
    private final TestNode node = TestNode.create();
    private final PeerRaftWire wire = new PeerRaftWire(node.client());
    private final MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    private final Members members = new Members(store);
    private RaftMetaLog log;

    Peer() throws IOException {
      Handlers.Builder handlers = Handlers.builder();
      wire.register(handlers, node.executor());
      new MetaSnapshotService(store).register(handlers, node.executor());
      node.listen(handlers.build());
    }

    private void open(boolean joining) throws IOException {
      String id = node.id().toString();
      log = RaftMetaLog.open(
          new RaftMetaLog.Place(root.resolve(id), GROUP, id, joining),
          store,
          members,
          new RaftLinks(wire, MetaSnapshotService.source(node.client())),
          RaftTiming.DEFAULT);
    }

    private Member member() {
      return new Member(node.id(), Role.MEMBER, List.of(), "", 0, MemberState.ACTIVE, NOW);
    }

    private long applied() {
      return store.applied().index();
    }

    private void close() {
      if (log != null) {
        log.close();
      }
      node.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    for (int i = 0; i < NODES; i++) {
      peers.add(new Peer());
    }
    peers.forEach(one ->
        peers.stream().filter(other -> other != one).forEach(other -> one.node.knows(other.node)));
    Peer founder = peers.get(0);
    founder.open(false);
    MemberChanges changes = new MemberChanges(founder.log);
    get(changes.addFounder(founder.member()));
    get(changes.addInvite(new Invite(SECRET, Role.MEMBER, new Timestamp(1000, 0), NODES), NOW));
    for (Peer joining : peers.subList(1, NODES)) {
      joining.open(true);
      get(changes.join(SECRET, joining.member(), NOW));
    }
    for (Peer peer : peers) {
      get(peer.log.ready());
    }
    await()
        .atMost(LIMIT)
        .until(() -> peers.stream()
            .map(peer -> peer.log.group())
            .allMatch(group -> group != null && group.voters().size() == NODES));
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() {
    peers.forEach(Peer::close);
  }

  private MetaSession session(Peer peer) throws IOException {
    return LocalMetaSession.open(peer.store, peer.log, TestSettings.withSeed(seed++));
  }

  private static void create(MetaSession session, String name) throws Exception {
    session.create(
        InodeNumber.ROOT,
        new Bytes(name.getBytes(UTF_8)),
        new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, NOW));
    session.cut().commit(List.of()).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static void awaitSame(List<Peer> among) {
    await()
        .atMost(LIMIT)
        .until(() -> among.stream().mapToLong(Peer::applied).distinct().count() == 1);
  }

  @Test
  void whatOneCommitsAllApplyAndOneMayDie() throws Exception {
    MetaSession session = session(peers.get(0));
    create(session, "before");
    awaitSame(peers);

    Peer dead = peers.remove(1);
    dead.close();
    for (int i = 0; i < 20; i++) {
      create(session, "after " + i);
    }

    awaitSame(peers);
    assertThat(peers.get(0).applied()).isGreaterThanOrEqualTo(21);
  }

  @Test
  void anyNodeMayProposeWhoeverLeads() throws Exception {
    for (Peer peer : peers) {
      get(new MemberChanges(peer.log).update(peer.node.id(), List.of("new:1"), "", 1));
      awaitSame(peers);
    }
    assertThat(peers.get(0).members.list()).extracting(Member::capacityBytes).containsOnly(1L);
  }

  @Test
  void theRowsOfANodeCanBeHad() throws Exception {
    create(session(peers.get(0)), "a");
    awaitSame(peers);
    ByteArrayOutputStream rows = new ByteArrayOutputStream();

    MetaSnapshotService.source(peers.get(1).node.client())
        .fetch(peers.get(2).node.id().toString(), rows);

    assertThat(MetaSnapshot.check(new ByteArrayInputStream(rows.toByteArray())).index())
        .isEqualTo(peers.get(2).applied());
  }

  @Test
  void aNodeCannotVoteInAnothersName() throws Exception {
    Peer liar = peers.get(0);
    String victim = peers.get(1).node.id().toString();
    String other = peers.get(2).node.id().toString();
    RequestVoteRequestProto vote = RequestVoteRequestProto.newBuilder()
        .setServerRequest(RaftRpcRequestProto.newBuilder()
            .setRequestorId(ByteString.copyFromUtf8(victim))
            .setReplyId(ByteString.copyFromUtf8(other)))
        .setCandidateTerm(1_000_000)
        .build();

    CompletableFuture<ByteBuffer> answer =
        liar.wire.send(other, RaftMessages.encode(RaftMessages.Kind.REQUEST_VOTE, vote), LIMIT);

    assertThatThrownBy(() -> answer.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .hasMessageContaining("it failed");
  }

  @Test
  void whatIsNoRaftMessageIsRefused() {
    CompletableFuture<ByteBuffer> answer = peers
        .get(0)
        .wire
        .send(peers.get(1).node.id().toString(), ByteBuffer.wrap(new byte[] {99}), LIMIT);

    assertThatThrownBy(() -> answer.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
        .hasMessageContaining("it failed");
  }
}
