package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ClockDifferenceTest {
  private static final long NOW = 1_700_000_000_000L;

  private static ClockDifference ahead(Duration by) {
    return ClockDifference.between(NOW + by.toMillis(), NOW);
  }

  @Test
  void aMinuteIsNotWorthAWord() {
    for (Duration by : new Duration[] {Duration.ZERO, Duration.ofMinutes(1)}) {
      assertThat(ahead(by).trouble()).isEmpty();
      assertThat(ahead(by.negated()).trouble()).isEmpty();
      assertThat(ahead(by).ownTrouble()).isEmpty();
    }
  }

  @Test
  void whoIsAheadOfWhomIsClear() {
    assertThat(ahead(Duration.ofHours(1)).trouble())
        .isEqualTo("its clock is 60 min ahead of this node's");
    assertThat(ahead(Duration.ofHours(1).minusMillis(200)).trouble())
        .as("what is measured is never exact")
        .isEqualTo("its clock is 60 min ahead of this node's");
    assertThat(ahead(Duration.ofSeconds(-61)).trouble())
        .isEqualTo("its clock is 61 s behind this node's");
    assertThat(ahead(Duration.ofHours(1)).ownTrouble())
        .startsWith("this host's clock is 60 min behind the cluster's");
    assertThat(ahead(Duration.ofDays(-400)).ownTrouble())
        .startsWith("this host's clock is 400 days ahead of the cluster's");
  }

  /** As nodes of an older version. */
  @Test
  void whoSaysNothingOfItsClockIsNotBlamed() {
    assertThat(ClockDifference.between(0, NOW).matters()).isFalse();
  }
}
