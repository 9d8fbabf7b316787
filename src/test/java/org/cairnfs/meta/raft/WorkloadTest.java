package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.apache.ratis.protocol.ClientId;
import org.junit.jupiter.api.Test;

/** Who is taken for the one that does the work. */
class WorkloadTest {
  private static final List<String> NODES = List.of("a", "b", "c");

  /** Twenty seconds of a node, and some more. */
  private static final int LONG_TICKS = 100;

  private final ClientId a = Workload.client("a");
  private final ClientId b = Workload.client("b");
  private final Workload workload = new Workload();

  private void work(ClientId client, int entries) {
    for (int i = 0; i < entries; i++) {
      workload.count(client.toByteString());
    }
  }

  /** Each tick begins with those entries; returns after how many ticks that one is the worker. */
  private int ticksUntilWorker(ClientId client, int entriesPerTick, String node) {
    for (int tick = 1; tick <= LONG_TICKS; tick++) {
      workload.tick();
      work(client, entriesPerTick);
      if (workload.worker(NODES).equals(Optional.of(node))) {
        return tick;
      }
    }
    return Integer.MAX_VALUE;
  }

  @Test
  void whoBeginsToWorkWhileNobodyElseDoesIsItAtOnce() {
    assertThat(workload.worker(NODES)).isEmpty();
    assertThat(ticksUntilWorker(a, 25, "a")).isEqualTo(1);
  }

  @Test
  void anotherRunOfANodeIsTheSameNode() {
    work(Workload.client("a"), 10);
    assertThat(workload.worker(NODES)).isEmpty();
    work(Workload.client("a"), 10);
    assertThat(workload.worker(NODES)).contains("a");
    assertThat(Workload.client("a")).isNotEqualTo(Workload.client("a"));
  }

  @Test
  void aFewEntriesNowAndThenMakeNobodyTheWorker() {
    for (int tick = 0; tick < LONG_TICKS; tick++) {
      work(a, tick % 3 == 0 ? 1 : 0);
      assertThat(workload.worker(NODES)).isEmpty();
      workload.tick();
    }
  }

  @Test
  void whoRestsIsNotTheWorker() {
    work(a, 1_000);
    assertThat(workload.worker(NODES)).contains("a");
    workload.tick();
    assertThat(workload.worker(NODES)).isEmpty();
    work(a, 1);
    assertThat(workload.worker(NODES)).contains("a");
  }

  @Test
  void ofTwoThatWorkNeitherIsTheWorker() {
    for (int tick = 0; tick < LONG_TICKS; tick++) {
      work(a, 50);
      work(b, 10);
      assertThat(workload.worker(NODES)).isEmpty();
      workload.tick();
    }
  }

  @Test
  void whoTakesOverTheWorkIsTheWorkerOnlyAfterAWhile() {
    assertThat(ticksUntilWorker(a, 25, "nobody")).isEqualTo(Integer.MAX_VALUE);
    assertThat(ticksUntilWorker(b, 25, "b")).isBetween(60, 90);
    assertThat(ticksUntilWorker(a, 25, "a")).isBetween(40, 90);
  }

  @Test
  void twoThatWorkByTurnsLeaveEverythingAsItIs() {
    for (int tick = 0; tick < LONG_TICKS; tick++) {
      work(tick / 20 % 2 == 0 ? a : b, 25);
      if (tick >= 20) {
        assertThat(workload.worker(NODES)).isEmpty();
      }
      workload.tick();
    }
  }

  @Test
  void whoIsNotAmongThoseAskedForIsNotTheWorker() {
    work(a, 1_000);
    assertThat(workload.worker(List.of("b", "c"))).isEmpty();
  }

  @Test
  void entriesOfNobodyCountForNobody() {
    work(a, 30);
    work(ClientId.randomId(), 30);
    assertThat(workload.worker(NODES)).isEmpty();
  }
}
