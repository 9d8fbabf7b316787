package org.cairnfs.linear;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Checks whether what clients were told can be explained by an order of their calls in which each
 * took effect at one moment between its begin and its end.
 *
 * <p>The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's
 * memory of configurations seen ("Testing for Linearizability", 2017): the set of calls that took
 * effect, and the state they led to. Calls of different keys do not touch each other, so whoever
 * has several keys checks each alone, which is enough (Herlihy and Wing, 1990, on locality) and
 * keeps the search short.
 */
public final class Linearizability {
  /** What stays in memory of a search; one that needs more says nothing about the history. */
  private static final int CONFIGURATIONS_MAX = 3_000_000;

  /**
   * Searches for such an order.
   *
   * @return empty if there is one; else what could not be explained, in words
   */
  public static <S, I, O> Optional<String> violation(
      Model<S, I, O> model, List<Call<I, O>> history) {
    return new Search<>(model, history).run();
  }

  private record Configuration<S>(BitSet done, S state) {}

  /** A step of the search: the calls that took effect, and which may be tried next. */
  private static final class Step<S> {
    private final BitSet done;
    private final S state;
    private int next;

    Step(BitSet done, S state) {
      this.done = done;
      this.state = state;
      this.next = done.nextClearBit(0);
    }
  }

  private static final class Search<S, I, O> {
    private final Model<S, I, O> model;
    private final List<Call<I, O>> calls;
    private final BitSet answered = new BitSet();
    private final Set<Configuration<S>> seen = new HashSet<>();
    private BitSet furthest = new BitSet();
    private S furthestState;

    Search(Model<S, I, O> model, List<Call<I, O>> history) {
      this.model = model;
      this.calls = new ArrayList<>(history);
      this.furthestState = model.initial();
      calls.sort(Comparator.comparingLong(Call::begin));
      for (int i = 0; i < calls.size(); i++) {
        answered.set(i, calls.get(i).isAnswered());
      }
    }

    Optional<String> run() {
      List<Step<S>> path = new ArrayList<>();
      path.add(new Step<>(new BitSet(), model.initial()));
      while (!path.isEmpty()) {
        Step<S> step = path.get(path.size() - 1);
        if (left(step.done).isEmpty()) {
          return Optional.empty();
        }
        Step<S> next = advance(step);
        if (next == null) {
          path.remove(path.size() - 1);
        } else {
          path.add(next);
        }
      }
      return Optional.of(explain());
    }

    private BitSet left(BitSet done) {
      BitSet left = (BitSet) answered.clone();
      left.andNot(done);
      return left;
    }

    /** Has the next call take effect that can; null if none is left to try. */
    private Step<S> advance(Step<S> step) {
      long limit = firstEnd(step.done);
      for (int i = step.next; i < calls.size(); i = step.done.nextClearBit(i + 1)) {
        Call<I, O> call = calls.get(i);
        if (call.begin() > limit) {
          return null; // and so do all after it
        }
        Optional<S> state = model.apply(step.state, call.input(), call.output());
        if (state.isPresent()) {
          BitSet done = (BitSet) step.done.clone();
          done.set(i);
          if (seen.add(new Configuration<>(done, state.get()))) {
            if (seen.size() > CONFIGURATIONS_MAX) {
              throw new IllegalStateException("too many ways to order " + calls.size() + " calls");
            }
            step.next = step.done.nextClearBit(i + 1);
            note(done, state.get());
            return new Step<>(done, state.get());
          }
        }
      }
      return null;
    }

    /** What was answered before another call began took effect before it. */
    private long firstEnd(BitSet done) {
      long first = Long.MAX_VALUE;
      for (int i = done.nextClearBit(0); i < calls.size(); i = done.nextClearBit(i + 1)) {
        Call<I, O> call = calls.get(i);
        if (call.begin() > first) {
          break;
        }
        if (call.isAnswered()) {
          first = Math.min(first, call.end());
        }
      }
      return first;
    }

    private void note(BitSet done, S state) {
      if (done.cardinality() > furthest.cardinality()) {
        furthest = done;
        furthestState = state;
      }
    }

    private String explain() {
      StringBuilder text = new StringBuilder("no order of the calls explains their answers; ");
      text.append(furthest.cardinality()).append(" of ").append(calls.size());
      text.append(" can be ordered, which gives ").append(furthestState).append("; then one of");
      long limit = firstEnd(furthest);
      for (int i = 0; i < calls.size(); i++) {
        if (!furthest.get(i) && calls.get(i).begin() <= limit) {
          text.append("\n  ").append(calls.get(i));
        }
      }
      text.append("\nbefore these, latest first:");
      int shown = 0;
      for (int i = calls.size() - 1; i >= 0 && shown < 20; i--) {
        if (furthest.get(i)) {
          text.append("\n  ").append(calls.get(i));
          shown++;
        }
      }
      return text.toString();
    }
  }

  private Linearizability() {}
}
