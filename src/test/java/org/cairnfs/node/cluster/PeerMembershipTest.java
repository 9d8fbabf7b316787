package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.Invite;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.net.Role;
import org.cairnfs.net.Standing;
import org.cairnfs.node.home.ListenAddress;
import org.junit.jupiter.api.Test;

final class PeerMembershipTest {
  private static final NodeId A = new NodeId(1, 0, 0, 0);
  private static final NodeId B = new NodeId(2, 0, 0, 0);
  private static final Timestamp NOW = new Timestamp(1000, 0);

  private final MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
  private final SharedLog log = new SharedLog();
  private final Members members = new Members(store);
  private final MemberChanges changes = new MemberChanges(log);

  private PeerMembership membership(KnownNode... told) {
    return new PeerMembership(members, List.of(told), () -> store.applied().index());
  }

  private void found() {
    log.add(store);
    done(changes.addFounder(
        new Member(A, Role.MEMBER, List.of("a:1"), "", 1, MemberState.ACTIVE, NOW)));
  }

  private static void done(CompletableFuture<MemberOutcome> change) {
    assertThat(change).isCompletedWithValue(MemberOutcome.DONE);
  }

  private static KnownNode known(NodeId id) {
    return new KnownNode(id, Role.MEMBER, List.of(new ListenAddress("host", 1)));
  }

  @Test
  void strangersAreGuestsWhileThereAreInvitations() {
    found();
    assertThat(membership().standing(A)).isEqualTo(Standing.MEMBER);
    assertThat(membership().standing(B)).isEqualTo(Standing.REFUSED);
    done(changes.addInvite(
        new Invite(new Bytes(new byte[32]), Role.MEMBER, new Timestamp(2000, 0), 1), NOW));
    assertThat(membership().standing(B)).isEqualTo(Standing.GUEST);
  }

  @Test
  void whoWasRemovedIsNobodyWhateverOthersSay() {
    found();
    done(changes.addInvite(
        new Invite(new Bytes(new byte[32]), Role.MEMBER, new Timestamp(2000, 0), 1), NOW));
    done(changes.join(
        new Bytes(new byte[32]),
        new Member(B, Role.MEMBER, List.of(), "", 1, MemberState.ACTIVE, NOW),
        NOW));
    PeerMembership membership = membership(known(B));
    assertThat(membership.standing(B)).isEqualTo(Standing.MEMBER);
    done(changes.setState(B, MemberState.REMOVED));
    membership.vouch(List.of(known(B)), Long.MAX_VALUE);
    assertThat(membership.standing(B)).isEqualTo(Standing.REVOKED);
    assertThat(membership.nodes()).containsOnlyKeys(A);
  }

  @Test
  void aNewNodeBelievesWhatItWasToldUntilItHasMetadata() {
    PeerMembership membership = membership(known(B));
    assertThat(membership.standing(B)).isEqualTo(Standing.MEMBER);
    found();
    assertThat(membership.standing(B)).isEqualTo(Standing.REFUSED);
  }

  /** It was away while somebody joined, who may lead now. */
  @Test
  void aNodeThatIsBehindBelievesAMemberUntilItHasCaughtUp() {
    found();
    PeerMembership membership = membership();
    membership.vouch(List.of(known(A), known(B)), 3);
    membership.vouch(List.of(known(A)), 2);
    assertThat(membership.standing(B)).isEqualTo(Standing.MEMBER);
    done(changes.setState(A, MemberState.ACTIVE));
    done(changes.setState(A, MemberState.ACTIVE));
    assertThat(store.applied().index()).isEqualTo(3);
    assertThat(membership.standing(B)).isEqualTo(Standing.REFUSED);
  }
}
