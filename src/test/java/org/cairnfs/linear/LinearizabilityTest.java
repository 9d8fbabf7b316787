package org.cairnfs.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Histories of a register that can be explained, and such that cannot. */
final class LinearizabilityTest {
  /** A number; input null reads it, another adds to it and is told what was there before. */
  private static final Model<Integer, Integer, Integer> COUNTER = new Model<>() {
    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public List<Integer> apply(Integer state, Integer input, Integer output) {
      return output == null || output.equals(state) ? List.of(state + input) : List.of();
    }
  };

  private final List<Call<Integer, Integer>> history = new ArrayList<>();

  private void read(long begin, long end, int value) {
    add(begin, end, 0, value);
  }

  private void add(long begin, long end, int amount, int before) {
    history.add(new Call<>(history.size(), amount, before, begin, end));
  }

  private void addUnanswered(long begin, int amount) {
    history.add(new Call<>(history.size(), amount, null, begin, Long.MAX_VALUE));
  }

  private Optional<String> violation() {
    return Linearizability.violation(COUNTER, history);
  }

  private void holds() {
    assertThat(violation()).isEmpty();
  }

  private void fails(String why) {
    assertThat(violation()).hasValueSatisfying(said -> assertThat(said).contains(why));
  }

  @Test
  void nothingAndOneAfterTheOther() {
    holds();
    add(0, 1, 5, 0);
    read(2, 3, 5);
    add(4, 5, 1, 5);
    read(6, 7, 6);
    holds();
  }

  @Test
  void whatOverlapsMayBeInEitherOrder() {
    add(0, 10, 1, 2);
    add(0, 10, 2, 0);
    read(3, 4, 2);
    holds();
  }

  @Test
  void aReadBeforeAWriteThatBeganEarlierMaySeeTheOldValue() {
    add(0, 10, 1, 0);
    read(1, 2, 0);
    read(3, 4, 1);
    holds();
  }

  @Test
  void aStaleReadIsFound() {
    add(0, 1, 1, 0);
    read(2, 3, 0);
    fails("input=0, output=0, begin=2");
  }

  @Test
  void goingBackIsFound() {
    add(0, 10, 1, 0);
    read(1, 2, 1);
    read(3, 4, 0);
    fails("begin=3");
  }

  @Test
  void aLostUpdateIsFound() {
    add(0, 10, 1, 0);
    add(0, 10, 1, 0);
    fails("1 of 2 can be ordered");
  }

  @Test
  void twoWinnersAreFoundAmongManyLosers() {
    for (int i = 0; i < 8; i++) {
      read(0, 100, 1);
    }
    add(0, 100, 1, 0);
    holds();
    add(0, 100, 1, 0);
    fails("9 of 10");
  }

  @Test
  void whatWasNotAnsweredTookEffectLateOrNever() {
    addUnanswered(0, 7);
    read(1, 2, 0);
    holds();
    read(3, 4, 0);
    read(100, 101, 7);
    holds();
    read(102, 103, 0);
    fails("begin=102");
  }

  @Test
  void whatWasNotAnsweredTookEffectOnlyOnceAndNotBeforeItBegan() {
    addUnanswered(10, 7);
    read(20, 21, 14);
    fails("output=14");
    history.clear();
    read(1, 2, 7);
    addUnanswered(10, 7);
    fails("output=7");
  }

  /** Each of them doubles the number of what may have happened. */
  @Test
  void manyThatWereNotAnswered() {
    for (int i = 0; i < 60; i++) {
      addUnanswered(i, 1);
    }
    add(100, 101, 0, 30);
    add(102, 103, 5, 40);
    read(104, 105, 65);
    holds();
    read(106, 107, 66);
    fails("output=66");
  }

  @Test
  void aSearchThatGivesUpSaysSo() {
    for (int i = 0; i < 25; i++) {
      addUnanswered(i, 1 << i);
    }
    read(100, 101, -1);
    assertThatThrownBy(this::violation)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("too many ways to order 26 calls");
  }

  /** Histories made by carrying out the calls at a moment between begin and end hold. */
  @Test
  void whatReallyHappenedHoldsAndAChangedAnswerDoesNot() {
    for (int seed = 0; seed < 200; seed++) {
      history.clear();
      happen(new Random(seed));
      holds();
      int at = new Random(seed).nextInt(history.size());
      Call<Integer, Integer> call = history.get(at);
      if (call.output() != null) {
        history.set(
            at,
            new Call<>(
                call.client(), call.input(), call.output() + 1000, call.begin(), call.end()));
        fails("output=" + (call.output() + 1000));
      }
    }
  }

  private void happen(Random random) {
    List<Long> moments = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      moments.add((long) random.nextInt(600));
    }
    Collections.sort(moments);
    int state = 0;
    for (long moment : moments) {
      int amount = random.nextInt(3);
      long begin = moment - random.nextInt(40);
      boolean silent = random.nextInt(20) == 0;
      if (silent && random.nextBoolean()) {
        addUnanswered(begin, amount);
      } else {
        if (silent) {
          addUnanswered(begin, amount);
        } else {
          add(begin, moment + random.nextInt(40), amount, state);
        }
        state += amount;
      }
    }
  }
}
