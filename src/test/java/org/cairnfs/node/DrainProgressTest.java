package org.cairnfs.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.cairnfs.blob.RepairStats;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.net.Role;
import org.cairnfs.vfs.DirectMetaLog;
import org.junit.jupiter.api.Test;

final class DrainProgressTest {
  private static final NodeId SELF = new NodeId(1, 2, 3, 4);
  private static final Timestamp NOW = new Timestamp(1, 0);

  private RepairStats stats = stats(0, false, 0);

  private static RepairStats stats(long walks, boolean walking, long surplus) {
    return new RepairStats(0, 0, 0, 0, surplus, walks, walking);
  }

  private void during(long walk, long surplus) {
    stats = stats(walk - 1, true, surplus);
  }

  private void after(long walk, long surplus) {
    stats = stats(walk, false, surplus);
  }

  @Test
  void onlyAWalkThatBeganAfterTheOrderCounts() {
    MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    MemberChanges changes = new MemberChanges(new DirectMetaLog(store));
    changes
        .addFounder(new Member(SELF, Role.MEMBER, List.of(), "", 1, MemberState.ACTIVE, NOW))
        .join();
    Members members = new Members(store);
    DrainProgress progress = new DrainProgress(SELF, members, () -> stats);
    after(4, 0);
    assertThat(progress.get()).as("it is not drained").isEmpty();

    for (long walk : new long[] {5, 8}) {
      during(walk, 0);
      changes.setState(SELF, MemberState.DRAINING).join();
      assertThat(progress.get()).isEmpty();
      after(walk, 0);
      assertThat(progress.get()).as("it began before the order").isEmpty();
      during(walk + 1, 3);
      assertThat(progress.get()).isEmpty();
      after(walk + 1, 3);
      assertThat(progress.get()).isEqualTo(OptionalLong.of(3));
      during(walk + 2, 0);
      assertThat(progress.get()).as("it has not seen all").isEqualTo(OptionalLong.of(1));
      after(walk + 2, 0);
      assertThat(progress.get()).isEqualTo(OptionalLong.of(0));

      changes.setState(SELF, MemberState.ACTIVE).join();
      assertThat(progress.get()).isEmpty();
    }
  }
}
