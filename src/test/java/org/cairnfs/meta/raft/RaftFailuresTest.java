package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.cairnfs.core.Bytes;
import org.cairnfs.meta.Invite;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Sessions;
import org.cairnfs.net.Role;
import org.junit.jupiter.api.Test;

/** A cluster that loses nodes, links and its leader. */
class RaftFailuresTest extends RaftCluster {
  /** Where Ratis lets tests hold up the thread that writes its log. */
  private static final String LOG_WORKER = "SegmentedRaftLogWorker.runWorker";

  @Test
  void nothingIsLostWhenTheLeaderDies() {
    three();
    Node leader = leader();
    Node other = otherThan(leader);
    MetaSession session = session(other);
    List<CompletableFuture<Void>> created = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      created.add(create(session, "before " + i));
      if (i == 10) {
        net.cut(leader.id.toString());
      }
    }
    created.forEach(RaftCluster::get);
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
    Node worker = otherThan(leader);
    MetaSession session = session(worker);
    List<CompletableFuture<Void>> created = new ArrayList<>();
    Instant limit = Instant.now().plus(LIMIT);
    while (!worker.leads() && Instant.now().isBefore(limit)) {
      created.add(create(session, "before " + created.size()));
      get(created.get(Math.max(0, created.size() - 8)));
    }
    assertThat(worker.leads()).isTrue();
    created.add(create(session, "after"));
    created.forEach(RaftCluster::get);

    awaitSame(nodes);
    assertThat(leader.store.usage().inodes()).isEqualTo(created.size() + 1);
  }

  @Test
  void aLeadThatCannotBeHandedOverHoldsNobodyUp() throws IOException {
    three();
    Node leader = leader();
    Node other = otherThan(leader);
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

  /**
   * A follower whose disk takes longer than the leader waits is sent the same once more, and what
   * has come since.
   */
  @Test
  void whatComesWithWhatIsStillWrittenIsWrittenToo() {
    three();
    Node leader = leader();
    Node slow = otherThan(leader);
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
    Node silent = otherThan(leader);
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
