package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@link BlobSimulation} for some seeds; mount-scripts/test-simulation.sh has it run for more, or
 * for one that failed.
 */
final class BlobSimulationTest {
  private static final int SEEDS = Integer.getInteger("cairn.simulation.seeds", 12);
  private static final long FIRST = Long.getLong("cairn.simulation.first", 1);

  @Test
  @Timeout(value = 6, unit = TimeUnit.HOURS)
  void noBlobInUseIsEverLostAndNothingElseStays() {
    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
      assertThat(new BlobSimulation(seed).run())
          .as("acknowledged, seed " + seed)
          .isPositive();
    }
  }
}
