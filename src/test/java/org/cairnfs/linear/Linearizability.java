package org.cairnfs.linear;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Checks whether what clients were told can be explained by an order of their calls in which each
 * took effect at one moment between its begin and its end.
 *
 * <p>The search goes through the answers by the time they were given, and knows of each moment all
 * configurations that explain the answers up to then: the set of calls that took effect, and the
 * state they led to (the just-in-time linearization of Lowe, "Testing for Linearizability", 2017,
 * after Wing and Gong, 1993). So it needs memory for one moment, however long the history is. Of
 * configurations that only differ in what was done of the unanswered calls, those that did more of
 * them can do nothing that the others cannot, and are left out; and so are those that did one of
 * two unanswered calls that are alike, but not the earlier one.
 *
 * <p>Calls of different keys do not touch each other, so whoever has several keys checks each
 * alone, which is enough (Herlihy and Wing, 1990, on locality) and keeps the search short.
 */
public final class Linearizability {
  /** What stays in memory of a search; one that needs more says nothing about the history. */
  private static final int CONFIGURATIONS_MAX = 200_000;

  /**
   * Searches for such an order.
   *
   * @return empty if there is one; else what could not be explained, in words
   * @throws IllegalStateException if there are too many orders to know
   */
  public static <S, I, O> Optional<String> violation(
      Model<S, I, O> model, List<Call<I, O>> history) {
    return new Search<>(model, history).run();
  }

  private record Configuration<S>(BitSet done, S state) {}

  private static final class Search<S, I, O> {
    private final Model<S, I, O> model;
    private final List<Call<I, O>> calls;
    private final BitSet answered = new BitSet();
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
      Configurations now = new Configurations();
      now.add(new Configuration<>(new BitSet(), model.initial()));
      List<Integer> byEnd = new ArrayList<>(answered.stream().boxed().toList());
      byEnd.sort(Comparator.comparingLong(call -> calls.get(call).end()));
      for (int call : byEnd) {
        now = answered(call, now);
        if (now.isEmpty()) {
          return Optional.of(explain(calls.get(call).end()));
        }
      }
      return Optional.empty();
    }

    /** The configurations in which a call took effect that is answered now. */
    private Configurations answered(int call, Configurations before) {
      Configurations after = new Configurations();
      Configurations seen = new Configurations();
      Deque<Configuration<S>> left = new ArrayDeque<>(before.list());
      while (!left.isEmpty()) {
        Configuration<S> configuration = left.pop();
        if (configuration.done().get(call)) {
          after.add(configuration);
          continue;
        }
        for (Configuration<S> next : next(configuration, calls.get(call).end())) {
          note(next);
          if (seen.add(next)) {
            left.push(next);
          }
        }
        if (seen.size() + after.size() > CONFIGURATIONS_MAX) {
          throw new IllegalStateException(
              "too many ways to order " + calls.size() + " calls to know whether one is right");
        }
      }
      return after;
    }

    /** What may come of a configuration when one more call takes effect. */
    private List<Configuration<S>> next(Configuration<S> configuration, long now) {
      List<Configuration<S>> all = new ArrayList<>();
      BitSet done = configuration.done();
      for (int i = done.nextClearBit(0); i < calls.size(); i = done.nextClearBit(i + 1)) {
        Call<I, O> call = calls.get(i);
        if (call.begin() > now) {
          break; // and so do all after it
        }
        if (!call.isAnswered() && isAlikeLeft(i, done)) {
          continue;
        }
        List<S> states = model.apply(configuration.state(), call.input(), call.output());
        if (call.isAnswered() && states.equals(List.of(configuration.state()))) {
          return List.of(with(done, i, configuration.state())); // all else can be done after it
        }
        for (S state : states) {
          if (call.isAnswered() || !state.equals(configuration.state())) { // else as never done
            all.add(with(done, i, state));
          }
        }
      }
      return all;
    }

    /** Of unanswered calls that are alike those that began first take effect first. */
    private boolean isAlikeLeft(int call, BitSet done) {
      for (int i = done.nextClearBit(0); i < call; i = done.nextClearBit(i + 1)) {
        if (!answered.get(i)
            && model.areAlike(calls.get(i).input(), calls.get(call).input())) {
          return true;
        }
      }
      return false;
    }

    private Configuration<S> with(BitSet done, int call, S state) {
      BitSet more = (BitSet) done.clone();
      more.set(call);
      return new Configuration<>(more, state);
    }

    private void note(Configuration<S> configuration) {
      if (configuration.done().cardinality() > furthest.cardinality()) {
        furthest = configuration.done();
        furthestState = configuration.state();
      }
    }

    private String explain(long limit) {
      StringBuilder text = new StringBuilder("no order of the calls explains their answers; ");
      text.append(furthest.cardinality()).append(" of ").append(calls.size());
      text.append(" can be ordered, which gives ").append(furthestState).append("; then one of");
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

    /** A set of configurations; of those that others make needless it keeps none. */
    private final class Configurations {
      private final Map<Configuration<S>, List<BitSet>> unansweredDone = new HashMap<>();
      private int size;

      /** Returns false, and does nothing, if there is one that can do all that this one can. */
      boolean add(Configuration<S> added) {
        BitSet unanswered = (BitSet) added.done().clone();
        unanswered.andNot(answered);
        List<BitSet> there =
            unansweredDone.computeIfAbsent(withoutUnanswered(added), each -> new ArrayList<>());
        if (there.stream().anyMatch(one -> isWithin(one, unanswered))) {
          return false;
        }
        size -= there.size();
        there.removeIf(one -> isWithin(unanswered, one));
        there.add(unanswered);
        size += there.size();
        return true;
      }

      private Configuration<S> withoutUnanswered(Configuration<S> configuration) {
        BitSet done = (BitSet) configuration.done().clone();
        done.and(answered);
        return new Configuration<>(done, configuration.state());
      }

      int size() {
        return size;
      }

      boolean isEmpty() {
        return size == 0;
      }

      List<Configuration<S>> list() {
        List<Configuration<S>> all = new ArrayList<>();
        unansweredDone.forEach((configuration, sets) -> sets.forEach(unanswered -> {
          BitSet done = (BitSet) configuration.done().clone();
          done.or(unanswered);
          all.add(new Configuration<>(done, configuration.state()));
        }));
        return all;
      }
    }

    private static boolean isWithin(BitSet some, BitSet all) {
      BitSet more = (BitSet) some.clone();
      more.andNot(all);
      return more.isEmpty();
    }
  }

  private Linearizability() {}
}
