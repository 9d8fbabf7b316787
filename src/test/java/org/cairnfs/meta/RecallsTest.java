package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a session gives up for others, and when. */
final class RecallsTest {
  private static final long OTHER = 2;
  private static final long MINE = 5;
  private static final long WANTED = 10;
  private static final long START = Duration.ofHours(1).toNanos();

  private final RecentUse use = new RecentUse();
  private final Recalls recalls = new Recalls(use);

  private static long after(int millis) {
    return START + Duration.ofMillis(millis).toNanos();
  }

  private void wanted(LeaseMode mode) {
    recalls.waiting(List.of(new LeaseRequest(OTHER, Map.of(WANTED, mode))));
  }

  private Recalls.Due due(int millis, boolean quiet) {
    return recalls.due(LeaseRanges.EVERYTHING, after(millis), quiet, List.of());
  }

  @Test
  void whatWasUsedLatelyIsKept() {
    use.add(MINE, false, after(0));
    wanted(LeaseMode.EXCLUSIVE);

    assertThat(recalls.takeReading(LeaseRanges.EVERYTHING)).isTrue();
    assertThat(recalls.takeReading(LeaseRanges.NOTHING)).isFalse();
    assertThat(due(200, true).ranges())
        .containsExactly(new LeaseRange(MINE + 1, LeaseRanges.END, LeaseMode.NONE));
  }

  @Test
  void whatWasNotUsedLatelyGoesWithTheRest() {
    use.add(MINE, false, after(0));
    wanted(LeaseMode.EXCLUSIVE);

    assertThat(due(300, true).ranges())
        .containsExactly(new LeaseRange(LeaseRanges.TREE, LeaseRanges.END, LeaseMode.NONE));
  }

  @Test
  void whoeverAsksAgainSoonGetsMore() {
    wanted(LeaseMode.EXCLUSIVE);
    assertThat(due(0, true).ranges()).hasSize(1);
    use.add(MINE, false, after(100));

    assertThat(due(200, true).ranges().get(0).start()).isEqualTo(MINE + 1);
    assertThat(due(210, true).ranges().get(0).start()).isEqualTo(LeaseRanges.TREE);
  }

  @Test
  void readingIsTakenOnlyOnceNothingReliesOnIt() {
    wanted(LeaseMode.EXCLUSIVE);
    assertThat(due(0, false).ranges()).isEmpty();

    wanted(LeaseMode.SHARED);
    assertThat(recalls.takeReading(LeaseRanges.EVERYTHING)).isFalse();
    assertThat(due(0, false).ranges())
        .containsExactly(new LeaseRange(LeaseRanges.TREE, LeaseRanges.END, LeaseMode.SHARED));
  }

  @Test
  void whatWasWaitedForIsKeptForASlice() {
    wanted(LeaseMode.EXCLUSIVE);
    recalls.served(List.of(WANTED), after(0));

    Recalls.Due early = due(15, true);
    assertThat(early.ranges()).isEmpty();
    assertThat(early.nextNanos()).isEqualTo(Duration.ofMillis(5).toNanos());
    assertThat(due(20, true).ranges()).hasSize(1);
  }
}
