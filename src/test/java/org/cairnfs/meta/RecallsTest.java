package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a session gives up for others, and when. */
final class RecallsTest {
  private static final long OTHER = 2;
  private static final long THIRD = 3;
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

  /** The first of the numbers around what is wanted that are given up. */
  private long givesUpFrom(int millis) {
    List<LeaseRange> ranges = due(millis, true).ranges();
    assertThat(ranges).hasSize(1);
    assertThat(ranges.get(0).contains(WANTED)).isTrue();
    return ranges.get(0).start();
  }

  private static LeaseRange none(long start, long end) {
    return new LeaseRange(start, end, LeaseMode.NONE);
  }

  @Test
  void whatWasUsedLatelyIsKept() {
    use.add(MINE, false, after(0));
    wanted(LeaseMode.EXCLUSIVE);

    assertThat(due(200, true).ranges()).containsExactly(none(MINE + 1, LeaseRanges.END));
  }

  @Test
  void whatWasNotUsedLatelyGoesWithTheRest() {
    use.add(MINE, false, after(0));
    wanted(LeaseMode.EXCLUSIVE);

    assertThat(due(300, true).ranges()).containsExactly(none(LeaseRanges.TREE, LeaseRanges.END));
  }

  /** Others may go on reading it. */
  @Test
  void whatWasOnlyReadIsNotKeptFromReaders() {
    use.add(MINE, true, after(0));
    use.add(MINE + 2, false, after(0));
    wanted(LeaseMode.SHARED);
    assertThat(givesUpFrom(100)).isEqualTo(MINE + 1);

    wanted(LeaseMode.EXCLUSIVE);
    assertThat(givesUpFrom(100)).isEqualTo(MINE + 3);
  }

  @Test
  void whoeverAsksAgainSoonGetsMore() {
    wanted(LeaseMode.EXCLUSIVE);
    assertThat(givesUpFrom(0)).isEqualTo(LeaseRanges.TREE);
    use.add(MINE, false, after(100));
    use.add(MINE - 2, false, after(160));

    assertThat(givesUpFrom(200)).isEqualTo(MINE + 1);
    assertThat(givesUpFrom(210)).as("a quarter of the time").isEqualTo(MINE - 1);
    assertThat(givesUpFrom(220)).isEqualTo(LeaseRanges.TREE);
  }

  /** To look what others want, as is done before each answer, is no answer. */
  @Test
  void whoeverIsOnlyLookedAtHasNotAskedAgain() {
    wanted(LeaseMode.EXCLUSIVE);
    assertThat(givesUpFrom(0)).isEqualTo(LeaseRanges.TREE);
    use.add(MINE, false, after(100));
    for (int i = 0; i < 10; i++) {
      assertThat(recalls.takeReading(LeaseRanges.EVERYTHING)).isTrue();
      assertThat(recalls.due(LeaseRanges.NOTHING, after(150), true, List.of()).ranges())
          .as("what is not held")
          .isEmpty();
      assertThat(due(150, false).ranges()).as("what must wait").isEmpty();
    }

    assertThat(givesUpFrom(200)).isEqualTo(MINE + 1);
  }

  @Test
  void whoeverAsksAgainAfterAWhileGetsAsMuchAsAtFirst() {
    wanted(LeaseMode.EXCLUSIVE);
    for (int millis = 0; millis < 100; millis += 10) {
      assertThat(givesUpFrom(millis)).isEqualTo(LeaseRanges.TREE);
    }
    use.add(MINE, false, after(400));

    assertThat(givesUpFrom(500)).isEqualTo(MINE + 1);
  }

  @Test
  void readingIsTakenOnlyOnceNothingReliesOnIt() {
    wanted(LeaseMode.EXCLUSIVE);
    assertThat(recalls.takeReading(LeaseRanges.EVERYTHING)).isTrue();
    assertThat(recalls.takeReading(LeaseRanges.NOTHING)).isFalse();
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
    Recalls.Due late = due(20, true);
    assertThat(late.ranges()).hasSize(1);
    assertThat(late.nextNanos()).isNegative();
  }

  @Test
  void theSliceThatEndsFirstIsTheNextToLookAt() {
    recalls.waiting(List.of(
        new LeaseRequest(OTHER, Map.of(WANTED + 1, LeaseMode.EXCLUSIVE)),
        new LeaseRequest(THIRD, Map.of(WANTED, LeaseMode.EXCLUSIVE))));
    recalls.served(List.of(WANTED), after(0));
    recalls.served(List.of(WANTED + 1), after(10));

    assertThat(due(15, true).nextNanos()).isEqualTo(Duration.ofMillis(5).toNanos());
    assertThat(due(20, true).ranges())
        .as("without its neighbour")
        .containsExactly(none(LeaseRanges.TREE, WANTED + 1));
  }

  @Test
  void neighboursThatWereWaitedForStayForTheirSlice() {
    wanted(LeaseMode.EXCLUSIVE);
    recalls.served(List.of(WANTED - 2, WANTED + 2), after(0));

    assertThat(due(15, true).ranges()).containsExactly(none(WANTED - 1, WANTED + 2));
    assertThat(due(20, true).ranges()).containsExactly(none(LeaseRanges.TREE, LeaseRanges.END));
  }

  @Test
  void numbersOfInodesToComeAreKept() {
    wanted(LeaseMode.EXCLUSIVE);
    List<LeaseRange> reserved = List.of(none(2, 4), none(WANTED + 5, WANTED + 9));

    assertThat(recalls.due(LeaseRanges.EVERYTHING, after(0), true, reserved).ranges())
        .containsExactly(none(4, WANTED + 5));
  }

  /** One answer does for two who want neighbours, unless one of them wants more. */
  @Test
  void eachIsGivenUpOnce() {
    recalls.waiting(List.of(
        new LeaseRequest(OTHER, Map.of(WANTED, LeaseMode.SHARED)),
        new LeaseRequest(THIRD, Map.of(WANTED + 1, LeaseMode.SHARED))));
    assertThat(due(0, true).ranges()).hasSize(1);

    recalls.waiting(List.of(
        new LeaseRequest(OTHER, Map.of(WANTED, LeaseMode.SHARED)),
        new LeaseRequest(THIRD, Map.of(WANTED + 1, LeaseMode.EXCLUSIVE))));
    assertThat(due(0, true).ranges())
        .extracting(LeaseRange::mode)
        .containsExactly(LeaseMode.SHARED, LeaseMode.NONE);
  }

  @Test
  void leasesInVeryManyPiecesAreNotCutIntoMore() {
    LeaseRanges pieces = LeaseRanges.NOTHING;
    for (int i = 0; i < 600; i++) {
      pieces = pieces.atLeast(2L * i, 2L * i + 1, LeaseMode.EXCLUSIVE);
    }
    use.add(MINE, true, after(0));
    wanted(LeaseMode.EXCLUSIVE);

    assertThat(recalls.due(pieces, after(10), true, List.of()).ranges())
        .containsExactly(none(LeaseRanges.TREE, LeaseRanges.END));
  }
}
