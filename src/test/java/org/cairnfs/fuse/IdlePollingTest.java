package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class IdlePollingTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  /** Far longer than it takes to notice requests, and their end. */
  private static final int WHILE_MILLIS = 300;

  private final List<Boolean> told = new CopyOnWriteArrayList<>();
  private final AtomicBoolean refuse = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final IdlePolling polling = new IdlePolling("polling", new IdlePolling.Processors() {
    @Override
    public void poll(boolean wanted) throws IOException {
      told.add(wanted);
      if (refuse.get()) {
        throw new IOException("refused");
      }
    }

    @Override
    public void close() {
      closed.set(true);
    }
  });

  @AfterEach
  void end() {
    polling.close();
    await().atMost(LONG).untilTrue(closed);
  }

  @Test
  void beginsWithManyRequestsAndEndsWhenNoMoreCome() {
    for (int burst = 1; burst <= 3; burst++) {
      requests(1_000);
      int changes = 2 * burst;
      await().atMost(LONG).until(() -> told.size() >= changes);
    }
    assertThat(told).containsExactly(true, false, true, false, true, false);
  }

  /** Fewer in all than are many at a time, however late somebody looks. */
  @Test
  void fewRequestsAreNotWorthIt() throws InterruptedException {
    for (int i = 0; i < 9; i++) {
      requests(1);
      Thread.sleep(WHILE_MILLIS / 9);
    }
    assertThat(told).isEmpty();
  }

  @Test
  void goesOnWhileTheyCome() {
    long end = System.nanoTime() + Duration.ofMillis(WHILE_MILLIS).toNanos();
    while (System.nanoTime() < end || told.isEmpty()) {
      requests(1_000);
    }
    assertThat(told).startsWith(true).hasSizeLessThan(10); // a busy machine may make it pause
  }

  @Test
  void endsWithTheSession() {
    requests(1_000);
    await().atMost(LONG).until(() -> !told.isEmpty());
    polling.close();
    await().atMost(LONG).untilTrue(closed);
  }

  @Test
  void isGivenUpWhenItIsRefused() {
    refuse.set(true);
    requests(1_000);
    await().atMost(LONG).untilTrue(closed);
    requests(1_000);
    assertThat(told).containsExactly(true);
  }

  private void requests(int count) {
    for (int i = 0; i < count; i++) {
      polling.arrived();
    }
  }
}
