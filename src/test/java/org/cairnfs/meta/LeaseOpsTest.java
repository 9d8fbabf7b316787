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

/** Who holds the lease on what, by the entries alone. */
final class LeaseOpsTest {
  private static final Timestamp NOW = new Timestamp(1, 0);
  private static final long A = 1;
  private static final long B = 2;
  private static final long C = 3;
  private static final long ROOT = InodeNumber.ROOT.value();

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

  private void acquire(long session, LeaseMode mode, long... inodes) throws Exception {
    Map<Long, LeaseMode> wanted = new HashMap<>();
    for (long inode : inodes) {
      wanted.put(inode, mode);
    }
    assertThat(apply(session, Ops.acquireLeases(wanted))).isEqualTo(Outcome.APPLIED);
  }

  private void release(long session, LeaseMode keep, long start, long end) throws Exception {
    List<LeaseRange> range = List.of(new LeaseRange(start, end, keep));
    assertThat(apply(session, Ops.releaseLeases(range, List.of(), List.of())))
        .isEqualTo(Outcome.APPLIED);
  }

  private void release(long session, long inode) throws Exception {
    release(session, LeaseMode.NONE, inode, inode + 1);
  }

  private Outcome change(long session, long inode) throws Exception {
    AttributeChange change = new AttributeChange(0700, null, null, null, null, null, NOW);
    return apply(session, Ops.setAttributes(new InodeNumber(inode), change, 0));
  }

  private LeaseMode held(long session, long inode) {
    return LeaseOps.read(store.reader(), session).at(inode);
  }

  @Test
  void whoIsAloneHasEverythingAtOnce() throws Exception {
    open(A);
    assertThat(change(A, ROOT)).isEqualTo(Outcome.APPLIED);
    open(B);
    assertThat(held(B, ROOT)).isEqualTo(LeaseMode.NONE);
    assertThat(change(B, ROOT)).isEqualTo(Outcome.FENCED);
    assertThat(change(0, ROOT)).isEqualTo(Outcome.FENCED);
    assertThat(change(A, ROOT)).isEqualTo(Outcome.APPLIED);
  }

  @Test
  void whoIsLeftAloneHasEverythingAgain() throws Exception {
    open(A);
    open(B);
    acquire(B, LeaseMode.EXCLUSIVE, 5);
    release(A, 5);
    assertThat(LeaseOps.read(store.reader(), A).isEverything()).isFalse();

    assertThat(apply(0, Ops.endSession(B))).isEqualTo(Outcome.APPLIED);

    assertThat(LeaseOps.read(store.reader(), A).isEverything()).isTrue();
  }

  @Test
  void whoeverAsksGetsTheInodesAroundThatNobodyElseHoldsOrWantsToo() throws Exception {
    open(A);
    open(B);
    open(C);
    acquire(B, LeaseMode.EXCLUSIVE, 50);
    acquire(C, LeaseMode.SHARED, 70);
    release(A, LeaseMode.NONE, 20, 70);

    assertThat(LeaseOps.read(store.reader(), B).list())
        .containsExactly(new LeaseRange(20, 70, LeaseMode.EXCLUSIVE));
    release(A, LeaseMode.SHARED, 60, 80);
    assertThat(LeaseOps.read(store.reader(), C).list())
        .containsExactly(new LeaseRange(70, 80, LeaseMode.SHARED));
    assertThat(held(A, 75)).isEqualTo(LeaseMode.SHARED);
    assertThat(held(A, 80)).isEqualTo(LeaseMode.EXCLUSIVE);
  }

  @Test
  void whoDoesNotDisturbAnybodyDoesNotWait() throws Exception {
    open(A);
    open(B);
    open(C);
    release(A, LeaseMode.NONE, 20, 30);
    acquire(B, LeaseMode.EXCLUSIVE, 25, 40);
    acquire(C, LeaseMode.EXCLUSIVE, 27);
    assertThat(held(B, 25)).as("all at once or nothing").isEqualTo(LeaseMode.NONE);
    assertThat(held(C, 27)).isEqualTo(LeaseMode.EXCLUSIVE);
    acquire(C, LeaseMode.SHARED, 25);
    assertThat(held(C, 25)).as("after who asked before").isEqualTo(LeaseMode.NONE);

    release(A, 40);

    assertThat(held(B, 25)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(held(B, 40)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(held(C, 25)).isEqualTo(LeaseMode.NONE);
  }

  @Test
  void bothThatReadMayWantToChange() throws Exception {
    open(A);
    open(B);
    acquire(B, LeaseMode.SHARED, 7);
    release(A, LeaseMode.SHARED, 7, 8);
    acquire(A, LeaseMode.EXCLUSIVE, 7);
    acquire(B, LeaseMode.EXCLUSIVE, 7);
    assertThat(held(A, 7)).isEqualTo(LeaseMode.SHARED);

    release(B, 7);
    assertThat(held(A, 7)).isEqualTo(LeaseMode.EXCLUSIVE);
    release(A, 7);
    assertThat(held(B, 7)).isEqualTo(LeaseMode.EXCLUSIVE);
  }

  @Test
  void newNumbersBelongToWhoGotThem() throws Exception {
    open(A);
    open(B);
    assertThat(apply(B, Ops.allocateInodes(100))).isEqualTo(Outcome.APPLIED);
    assertThat(held(A, 2)).isEqualTo(LeaseMode.NONE);
    assertThat(held(B, 2)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(held(A, 102)).isEqualTo(LeaseMode.EXCLUSIVE);
  }

  @Test
  void anEntryThatChangesMoreThanItMayLeavesNothingBehind() throws Exception {
    open(A);
    open(B);
    assertThat(apply(B, Ops.allocateInodes(100))).isEqualTo(Outcome.APPLIED);
    NewInode directory = new NewInode(FileMode.DIRECTORY | 0755, 0, 0, 0, null, 0, NOW);
    InodeNumber root = InodeNumber.ROOT;

    assertThat(apply(
            B, Ops.allocateInodes(1), Ops.create(2, root, MetaFixture.name("theirs"), directory)))
        .isEqualTo(Outcome.FENCED);

    assertThat(store.reader().get(MetaTable.INODE, Keys.number(2))).isNull();
    assertThat(store.usage().inodes()).isEqualTo(1);
    assertThat(apply(A, Ops.create(200, root, MetaFixture.name("ours"), directory)))
        .isEqualTo(Outcome.APPLIED);
  }

  @Test
  void movingADirectoryTakesTheLeaseOnTheShapeOfTheTree() throws Exception {
    open(A);
    open(B);
    NewInode directory = new NewInode(FileMode.DIRECTORY | 0755, 0, 0, 0, null, 0, NOW);
    for (long inode = 10; inode < 12; inode++) {
      assertThat(apply(
              A, Ops.create(inode, InodeNumber.ROOT, MetaFixture.name("d" + inode), directory)))
          .isEqualTo(Outcome.APPLIED);
    }
    MetaOp within = Ops.rename(
        InodeNumber.ROOT,
        MetaFixture.name("d10"),
        InodeNumber.ROOT,
        MetaFixture.name("e"),
        false,
        NOW);
    MetaOp across = Ops.rename(
        InodeNumber.ROOT,
        MetaFixture.name("e"),
        new InodeNumber(11),
        MetaFixture.name("e"),
        false,
        NOW);
    release(A, LeaseRanges.TREE);

    assertThat(apply(A, within)).isEqualTo(Outcome.APPLIED);
    assertThat(apply(A, across)).isEqualTo(Outcome.FENCED);
    acquire(A, LeaseMode.EXCLUSIVE, LeaseRanges.TREE);
    assertThat(apply(A, across)).isEqualTo(Outcome.APPLIED);
  }

  @Test
  void whatASessionHoldsGoesWithIt() throws Exception {
    open(A);
    open(B);
    open(C);
    acquire(B, LeaseMode.EXCLUSIVE, ROOT);
    assertThat(apply(0, Ops.endSession(A))).isEqualTo(Outcome.APPLIED);
    assertThat(held(B, ROOT)).isEqualTo(LeaseMode.EXCLUSIVE);
    assertThat(change(A, ROOT)).isEqualTo(Outcome.FENCED);
    assertThat(apply(A, Ops.acquireLeases(Map.of(ROOT, LeaseMode.SHARED))))
        .isEqualTo(Outcome.FENCED);
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
    int inodes = 6;
    for (int step = 0; step < 60; step++) {
      long session = sessions.get(random.nextInt(sessions.size()));
      if (random.nextBoolean()) {
        LeaseMode mode = random.nextBoolean() ? LeaseMode.SHARED : LeaseMode.EXCLUSIVE;
        run.acquire(session, mode, random.nextInt(inodes), random.nextInt(inodes));
      } else {
        long start = random.nextInt(inodes);
        long end = start + 1 + random.nextInt(3);
        run.release(session, LeaseMode.of(random.nextInt(2)), start, end);
      }
      run.checkExclusion(inodes);
    }
    // everybody gives up what others want: then everybody is served in the end
    for (int turn = 0; turn < 200; turn++) {
      for (long session : sessions) {
        for (LeaseRequest request : LeaseOps.readWaiting(run.store.reader()).values()) {
          for (Map.Entry<Long, LeaseMode> want : request.wanted().entrySet()) {
            if (request.session() != session) {
              long inode = want.getKey();
              run.release(session, want.getValue().leaves(), inode, inode + 1);
            }
          }
        }
      }
    }
    assertThat(LeaseOps.readWaiting(run.store.reader())).isEmpty();
  }

  private void checkExclusion(int inodes) {
    Map<Long, LeaseRanges> leases = LeaseOps.readAll(store.reader());
    for (long inode = 0; inode < inodes; inode++) {
      List<LeaseMode> holders = new ArrayList<>();
      for (LeaseRanges ranges : leases.values()) {
        if (ranges.at(inode) != LeaseMode.NONE) {
          holders.add(ranges.at(inode));
        }
      }
      assertThat(holders.size() <= 1 || !holders.contains(LeaseMode.EXCLUSIVE)).isTrue();
    }
    List<LeaseRequest> before = new ArrayList<>();
    for (LeaseRequest request : LeaseOps.readWaiting(store.reader()).values()) {
      boolean waitsForHolder = leases.entrySet().stream()
          .anyMatch(other -> other.getKey() != request.session()
              && request.wanted().entrySet().stream()
                  .anyMatch(
                      want -> want.getValue().conflictsWith(other.getValue().at(want.getKey()))));
      assertThat(waitsForHolder || before.stream().anyMatch(request::conflictsWith))
          .as("somebody waits for nobody")
          .isTrue();
      before.add(request);
    }
  }
}
