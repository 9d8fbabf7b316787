package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.Test;

class HoldsTest {
  private static final Duration TIME = Duration.ofMinutes(10);
  private static final BlobId ONE = new BlobId(1, 0, 0, 0);
  private static final BlobId TWO = new BlobId(2, 0, 0, 0);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - TIME.toNanos());
  private final Holds holds = new Holds(TIME, now::get, 4);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void eachIsHeldForTheTimeAndNotMuchLonger() {
    for (int minutes = 0; minutes < 60; minutes += 7) {
      holds.add(ONE);
      pass(TIME.minusNanos(1));
      assertThat(holds.has(ONE)).isTrue();
      assertThat(holds.has(TWO)).isFalse();
      pass(TIME.plusNanos(1));
      assertThat(holds.has(ONE)).as("after twice the time").isFalse();
      pass(Duration.ofMinutes(minutes));
    }
  }

  @Test
  void everythingCanBeHeldForTheTime() {
    holds.addAll();
    assertThat(holds.hasAll()).isTrue();
    pass(TIME.minusNanos(1));
    assertThat(holds.has(ONE)).isTrue();
    pass(Duration.ofNanos(1));
    assertThat(holds.hasAll()).isFalse();
    assertThat(holds.has(ONE)).isFalse();
  }

  @Test
  void whenTooManyAreHeldAllAre() {
    for (int i = 10; i < 15; i++) {
      holds.add(new BlobId(i, 0, 0, 0));
    }
    assertThat(holds.has(ONE)).isTrue();
    pass(TIME.minusNanos(1));
    assertThat(holds.has(ONE)).isTrue();
    pass(TIME.plusNanos(1));
    assertThat(holds.has(ONE)).isFalse();
  }

  @Property(tries = 50)
  void theSetAgreesWithAnother(@ForAll long seed) {
    Random random = new Random(seed);
    LongSet tested = new LongSet();
    Set<Long> expected = new HashSet<>();
    int range = 1 + random.nextInt(5000);
    for (int i = 0; i < 3000; i++) {
      long number = random.nextInt(range) * (random.nextBoolean() ? 1L : 0x9e3779b97f4a7c15L);
      tested.add(number);
      expected.add(number);
    }
    assertThat(tested.size()).isEqualTo(expected.size());
    for (long number = 0; number < range; number++) {
      assertThat(tested.contains(number)).isEqualTo(expected.contains(number));
    }
    tested.clear();
    assertThat(tested.size()).isZero();
    assertThat(tested.contains(0)).isFalse();
  }
}
