package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.net.Role;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who belongs to the cluster: what may be changed, and what everybody sees of it. */
class MembersTest {
  private static final NodeId A = new NodeId(1, 0, 0, 0);
  private static final NodeId B = new NodeId(-2, 0, 0, 0);
  private static final NodeId C = new NodeId(3, 0, 0, 0);
  private static final Bytes SECRET = new Bytes(new byte[Invite.HASH_BYTES]);
  private static final Timestamp NOW = new Timestamp(1_000, 0);
  private static final Timestamp LATER = new Timestamp(2_000, 0);

  private MetaStore store;
  private Members members;
  private MemberChanges changes;

  @BeforeEach
  void open() {
    store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    members = new Members(store);
    changes = new MemberChanges(new QueuedMetaLog(store, true));
  }

  private static Member member(NodeId id, Role role) {
    return new Member(
        id, role, List.of("host:7747", "10.0.0.1:7747"), "räck", 1L << 40, MemberState.ACTIVE, NOW);
  }

  private MemberOutcome found() {
    return changes.addFounder(member(A, Role.MEMBER)).join();
  }

  private MemberOutcome invite(int uses) {
    return changes.addInvite(new Invite(SECRET, Role.MEMBER, LATER, uses), NOW).join();
  }

  private MemberOutcome join(NodeId id) {
    return changes.join(SECRET, member(id, Role.MEMBER), NOW).join();
  }

  @Test
  void thereIsOneFounder() {
    assertThat(found()).isEqualTo(MemberOutcome.DONE);
    assertThat(found()).isEqualTo(MemberOutcome.EXISTS);

    assertThat(members.list()).containsExactly(member(A, Role.MEMBER));
  }

  @Test
  void whoKnowsTheSecretJoinsAsOftenAsTheInviteSays() {
    found();
    assertThat(invite(1)).isEqualTo(MemberOutcome.DONE);

    assertThat(join(B)).isEqualTo(MemberOutcome.DONE);
    // Asked again, because the answer was lost.
    assertThat(join(B)).isEqualTo(MemberOutcome.EXISTS);
    assertThat(join(C)).isEqualTo(MemberOutcome.USED_UP);

    assertThat(members.find(B)).contains(member(B, Role.MEMBER));
    assertThat(members.find(C)).isEmpty();
    assertThat(members.invites()).extracting(Invite::uses).containsExactly(0);
  }

  @Test
  void anInviteIsForItsTimeAndRole() {
    found();
    assertThat(join(B)).isEqualTo(MemberOutcome.UNKNOWN);
    invite(5);

    assertThat(changes.join(SECRET, member(B, Role.MEMBER), LATER).join())
        .isEqualTo(MemberOutcome.EXPIRED);
    assertThat(changes.join(SECRET, member(B, Role.STORAGE), NOW).join())
        .isEqualTo(MemberOutcome.INVALID);
    assertThat(invite(5)).isEqualTo(MemberOutcome.EXISTS);
    assertThat(members.list()).hasSize(1);
  }

  @Test
  void invitesThatExpiredLongAgoAreForgotten() {
    found();
    invite(5);
    Timestamp muchLater = new Timestamp(LATER.seconds() + MemberOps.EXPIRED_KEPT_SECONDS + 1, 0);
    Bytes other = new Bytes(B.toBytes());
    changes.addInvite(new Invite(other, Role.STORAGE, muchLater, 1), muchLater).join();

    assertThat(members.invites()).extracting(Invite::secretHash).containsExactly(other);
  }

  @Test
  void whoIsRemovedStaysRemoved() {
    found();
    invite(5);
    join(B);

    assertThat(changes.setState(B, MemberState.DRAINING).join()).isEqualTo(MemberOutcome.DONE);
    assertThat(members.find(B).orElseThrow().state()).isEqualTo(MemberState.DRAINING);
    assertThat(changes.setState(B, MemberState.REMOVED).join()).isEqualTo(MemberOutcome.DONE);

    assertThat(changes.setState(B, MemberState.ACTIVE).join()).isEqualTo(MemberOutcome.REMOVED);
    assertThat(join(B)).isEqualTo(MemberOutcome.REMOVED);
    assertThat(members.present()).extracting(Member::id).containsExactly(A);
    assertThat(members.list()).hasSize(2);
    assertThat(changes.setState(A, MemberState.REMOVED).join())
        .isEqualTo(MemberOutcome.LAST_MEMBER);
  }

  @Test
  void aNodeSaysAnewWhereItIs() {
    found();

    assertThat(changes.update(A, List.of("new:1"), "", 5).join()).isEqualTo(MemberOutcome.DONE);
    assertThat(changes.update(B, List.of(), "", 5).join()).isEqualTo(MemberOutcome.UNKNOWN);
    assertThat(changes.update(A, List.of("x".repeat(300)), "", 5).join())
        .isEqualTo(MemberOutcome.INVALID);
    assertThat(changes.update(A, List.of(), "", -1).join()).isEqualTo(MemberOutcome.INVALID);

    assertThat(members.find(A).orElseThrow().addresses()).containsExactly("new:1");
    assertThat(members.find(A).orElseThrow().state()).isEqualTo(MemberState.ACTIVE);
  }

  @Test
  void copiesAreAsManyAsWasSaidLast() {
    assertThat(members.replication()).as("of a store of before").isEqualTo(Replication.DEFAULT);

    assertThat(changes.setReplication(5, null).join()).isEqualTo(MemberOutcome.DONE);
    assertThat(changes.setReplication(null, 4).join()).isEqualTo(MemberOutcome.DONE);
    assertThat(members.replication()).isEqualTo(new Replication(5, 4));
    assertThat(members.changedIndex()).isEqualTo(2);

    assertThat(changes.setReplication(3, null).join()).isEqualTo(MemberOutcome.INVALID);
    assertThat(changes.setReplication(null, 6).join()).isEqualTo(MemberOutcome.INVALID);
    assertThat(changes.setReplication(33, 4).join()).isEqualTo(MemberOutcome.INVALID);
    assertThat(changes.setReplication(-1, 0).join()).isEqualTo(MemberOutcome.INVALID);
    assertThat(members.replication()).isEqualTo(new Replication(5, 4));

    assertThat(changes.setReplication(Replication.ALL, Replication.MAJORITY).join())
        .isEqualTo(MemberOutcome.DONE);
    assertThat(new Members(store).replication())
        .isEqualTo(new Replication(Replication.ALL, Replication.MAJORITY));
  }

  @Test
  void whoeverWatchesHearsOfEveryChange() {
    AtomicInteger heard = new AtomicInteger();
    members.onChange(heard::incrementAndGet);

    found();
    invite(5);
    join(B);
    changes.setReplication(2, null).join();

    assertThat(heard).hasValue(4);
    assertThat(new Members(store).list()).containsExactlyElementsOf(members.list());
  }
}
