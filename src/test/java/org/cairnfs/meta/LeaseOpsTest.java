package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.proto.MetaReply.Outcome;
import org.junit.jupiter.api.Test;

/** Who holds the lease on the volume, by the entries alone. */
final class LeaseOpsTest {
  private static final Timestamp NOW = new Timestamp(1, 0);
  private static final long A = 1;
  private static final long B = 2;
  private static final long C = 3;

  private final MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
  private final Map<Long, Long> cuts = new HashMap<>();
  private long index;

  LeaseOpsTest() throws Exception {
    assertThat(apply(0, Ops.makeVolume(new Bytes(new byte[] {1}), 0755, 0, 0, NOW)))
        .isEqualTo(Outcome.APPLIED);
  }

  private Outcome apply(long session, MetaOp... ops) throws Exception {
    long cut = cuts.getOrDefault(session, 0L) + 1;
    MetaEntry entry = MetaEntry.newBuilder()
        .setSession(session)
        .setCut(session == 0 ? 0 : cut)
        .addAllOps(List.of(ops))
        .build();
    MetaReply reply = MetaReply.parseFrom(store.apply(1, ++index, entry.toByteArray()));
    if (reply.getOutcome() == Outcome.APPLIED) {
      cuts.put(session, cut);
    }
    return reply.getOutcome();
  }

  private void open(long session) throws Exception {
    assertThat(apply(0, Ops.openSession(session, new NodeId(0, 0, 0, session), List.of())))
        .isEqualTo(Outcome.APPLIED);
  }

  private void acquire(long session, LeaseMode mode) throws Exception {
    assertThat(apply(session, Ops.acquireLease(mode))).isEqualTo(Outcome.APPLIED);
  }

  private void release(long session, LeaseMode keep) throws Exception {
    assertThat(apply(session, Ops.releaseLease(keep, List.of(), List.of())))
        .isEqualTo(Outcome.APPLIED);
  }

  private Outcome change(long session) throws Exception {
    NewInode file = new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, NOW);
    return apply(
        session, Ops.create(1000 + index, InodeNumber.ROOT, MetaFixture.name("n" + index), file));
  }

  private LeaseMode held(long session) {
    return LeaseOps.read(store.reader(), session).held();
  }

  @Test
  void whoIsAloneHasItAtOnce() throws Exception {
    open(A);
    assertThat(change(A)).isEqualTo(Outcome.APPLIED);
    open(B);
    assertThat(held(B)).isEqualTo(LeaseMode.NONE);
    assertThat(change(B)).isEqualTo(Outcome.FENCED);
    assertThat(change(0)).isEqualTo(Outcome.FENCED);
  }

  @Test
  void thoseWhoWaitAreServedInOrder() throws Exception {
    open(A);
    open(B);
    open(C);
    acquire(B, LeaseMode.EXCLUSIVE);
    acquire(C, LeaseMode.SHARED);
    release(A, LeaseMode.NONE);
    acquire(A, LeaseMode.SHARED);
    assertThat(List.of(held(A), held(B), held(C)))
        .containsExactly(LeaseMode.NONE, LeaseMode.EXCLUSIVE, LeaseMode.NONE);
    assertThat(change(A)).isEqualTo(Outcome.FENCED);
    assertThat(change(B)).isEqualTo(Outcome.APPLIED);
    release(B, LeaseMode.SHARED);
    assertThat(List.of(held(A), held(B), held(C)))
        .containsExactly(LeaseMode.SHARED, LeaseMode.SHARED, LeaseMode.SHARED);
    assertThat(change(B)).isEqualTo(Outcome.FENCED);
  }

  @Test
  void askingForMoreGivesUpWhatIsHeld() throws Exception {
    open(A);
    open(B);
    acquire(B, LeaseMode.SHARED);
    release(A, LeaseMode.SHARED);
    acquire(A, LeaseMode.EXCLUSIVE);
    acquire(B, LeaseMode.EXCLUSIVE);
    assertThat(held(A)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(held(B)).isEqualTo(LeaseMode.NONE);
  }

  @Test
  void whatASessionHoldsGoesWithIt() throws Exception {
    open(A);
    open(B);
    acquire(B, LeaseMode.EXCLUSIVE);
    assertThat(apply(0, Ops.endSession(A))).isEqualTo(Outcome.APPLIED);
    assertThat(held(B)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(change(A)).isEqualTo(Outcome.FENCED);
    assertThat(apply(A, Ops.acquireLease(LeaseMode.SHARED))).isEqualTo(Outcome.FENCED);
    assertThat(apply(0, Ops.endSession(A))).isEqualTo(Outcome.APPLIED);
  }

  @Property(tries = 300)
  void nobodySharesWithWhoHasItAloneAndNobodyStarves(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    LeaseOpsTest run = new LeaseOpsTest();
    List<Long> sessions = List.of(A, B, C);
    for (long session : sessions) {
      run.open(session);
    }
    for (int step = 0; step < 60; step++) {
      long session = sessions.get(random.nextInt(sessions.size()));
      LeaseMode mode = LeaseMode.of(random.nextInt(3));
      if (random.nextBoolean() && mode != LeaseMode.NONE) {
        run.acquire(session, mode);
      } else if (run.held(session).covers(mode)) {
        run.release(session, mode);
      }
      Map<Long, LeaseRecord> leases = LeaseOps.readAll(run.store.reader());
      List<LeaseMode> holders = new ArrayList<>();
      leases.values().stream()
          .map(LeaseRecord::held)
          .filter(held -> held != LeaseMode.NONE)
          .forEach(holders::add);
      assertThat(holders.size() <= 1 || !holders.contains(LeaseMode.EXCLUSIVE)).isTrue();
      boolean waiting = leases.values().stream().anyMatch(LeaseRecord::isWaiting);
      assertThat(!waiting || !holders.isEmpty()).as("somebody waits for nobody").isTrue();
    }
    for (int turn = 0; turn < 10; turn++) {
      for (long session : sessions) {
        run.release(session, LeaseMode.NONE);
      }
    }
    assertThat(LeaseOps.readAll(run.store.reader())).isEmpty();
  }
}
