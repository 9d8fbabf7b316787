package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PenaltyBoxTest {
  private long nowNanos = Long.MAX_VALUE - 5;
  private final PenaltyBox box =
      new PenaltyBox(Duration.ofNanos(100), Duration.ofNanos(350), () -> nowNanos);

  private void offend(String who, int times) {
    for (int i = 0; i < times; i++) {
      box.offended(who);
    }
  }

  @Test
  void aFewOffencesAreForgiven() {
    offend("peer", 8);

    assertThat(box.isKeptAway("peer")).isFalse();
    assertThat(box.isKeptAway("other")).isFalse();
  }

  @Test
  void waitsDoubleUpToTheLongest() {
    offend("peer", 9);
    assertKeptAwayFor(100);
    offend("peer", 1);
    assertKeptAwayFor(200);
    offend("peer", 1);
    assertKeptAwayFor(350);
    offend("peer", 100);
    assertKeptAwayFor(350);
  }

  private void assertKeptAwayFor(long nanos) {
    long start = nowNanos;
    nowNanos = start + nanos - 1;
    assertThat(box.isKeptAway("peer")).isTrue();
    nowNanos = start + nanos;
    assertThat(box.isKeptAway("peer")).isFalse();
  }

  @Test
  void oneGoodConnectionWipesTheSlate() {
    offend("peer", 9);

    box.behaved("peer");

    assertThat(box.isKeptAway("peer")).isFalse();
    offend("peer", 8);
    assertThat(box.isKeptAway("peer")).isFalse();
  }

  @Test
  void theNumberOfThoseRememberedIsBounded() {
    offend("peer", 9);
    for (int i = 0; i < 1024; i++) {
      offend("peer " + i, 1);
    }

    assertThat(box.isKeptAway("peer")).isFalse();
  }
}
