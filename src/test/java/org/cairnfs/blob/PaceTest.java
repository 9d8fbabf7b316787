package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class PaceTest {
  private static final int SECOND_BYTES = 1 << 20;

  private final Pace pace = new Pace(SECOND_BYTES, System::nanoTime);

  /** What was not used lately, a tenth of a second of it, comes on top. */
  @Test
  void asManyBytesASecondAsItWasTold() {
    long begin = System.nanoTime();
    for (int i = 0; i <= 8; i++) {
      assertThat(pace.take(SECOND_BYTES / 16)).isTrue();
    }

    // The last one waits until the eight before it are paid for.
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(Duration.ofMillis(390), Duration.ofSeconds(20));
  }

  @Test
  void nobodyWaitsOnceItIsClosed() {
    assertThat(pace.take(3600L * SECOND_BYTES)).isTrue();
    CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> pace.take(1));

    pace.close();

    assertThat(waiting).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(false);
    assertThat(pace.take(1)).isFalse();
  }
}
