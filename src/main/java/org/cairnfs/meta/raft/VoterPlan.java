package org.cairnfs.meta.raft;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides who votes: the largest odd number of the nodes, at most five, the present voters first;
 * the rest learns. A node is added as a learner, and votes once it has caught up. Pure.
 */
final class VoterPlan {
  private static final int VOTERS_MAX = 5;

  /**
   * Who is in the Raft group, by id as text.
   *
   * @param learners who has everything and does not vote
   */
  record Group(Set<String> voters, Set<String> learners) {
    Group {
      voters = Set.copyOf(voters);
      learners = Set.copyOf(learners);
    }

    boolean has(String node) {
      return voters.contains(node) || learners.contains(node);
    }

    Set<String> nodes() {
      return Stream.concat(voters.stream(), learners.stream())
          .collect(Collectors.toUnmodifiableSet());
    }
  }

  /**
   * What is known at one moment.
   *
   * @param self who leads
   * @param present the nodes of the cluster
   * @param leaving those of them that are about to leave: better no voters
   * @param silence for how long each of the others has not answered
   * @param lately who was silent for longer is not made a voter: until it hears of that, it gives
   *     nobody its vote
   */
  record Situation(
      String self,
      Set<String> present,
      Set<String> leaving,
      Map<String, Duration> silence,
      Duration lately) {
    /** Whether a node answers, and nobody wants it to leave. */
    boolean isReliable(String node) {
      return !leaving.contains(node) && !isSilent(node, lately);
    }

    private boolean isSilent(String node, Duration limit) {
      return silence.getOrDefault(node, Duration.ZERO).compareTo(limit) > 0;
    }
  }

  /**
   * The next group, if it should change.
   *
   * @param silentVoter a voter that was silent for longer is replaced if there is somebody
   * @param attempt counts; with several nodes to add, each has its turn
   */
  static Optional<Group> next(Group now, Situation situation, Duration silentVoter, int attempt) {
    Set<String> voters = voters(now, situation, silentVoter);
    Set<String> learners = new TreeSet<>(now.voters());
    learners.addAll(now.learners());
    learners.retainAll(situation.present());
    learners.removeAll(voters);
    Group next = new Group(voters, learners);
    if (!next.equals(now)) {
      return Optional.of(next);
    }
    List<String> missing =
        situation.present().stream().filter(node -> !now.has(node)).sorted().toList();
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    learners.add(missing.get(Math.floorMod(attempt, missing.size())));
    return Optional.of(new Group(voters, learners));
  }

  private static Set<String> voters(Group now, Situation situation, Duration silentVoter) {
    List<String> candidates = situation.present().stream().filter(now::has).toList();
    List<String> staying =
        candidates.stream().filter(node -> !situation.leaving().contains(node)).toList();
    int wanted = odd(staying.isEmpty() ? candidates.size() : staying.size());

    Comparator<String> best = Comparator.<String, Boolean>comparing(
            node -> situation.leaving().contains(node))
        .thenComparing(node -> situation.isSilent(node, silentVoter))
        .thenComparing(Comparator.naturalOrder());
    List<String> voting = candidates.stream()
        .filter(now.voters()::contains)
        .sorted(Comparator.<String, Boolean>comparing(node -> !node.equals(situation.self()))
            .thenComparing(best))
        .toList();
    List<String> able = candidates.stream()
        .filter(node -> now.learners().contains(node)
            && !situation.leaving().contains(node)
            && !situation.isSilent(node, situation.lately()))
        .sorted()
        .toList();

    // The good ones that vote already, then those that can take a place, then whoever is left.
    List<String> order = new ArrayList<>();
    voting.stream()
        .filter(node -> node.equals(situation.self())
            || (!situation.isSilent(node, silentVoter) && !situation.leaving().contains(node)))
        .forEach(order::add);
    order.addAll(able);
    voting.stream().filter(node -> !order.contains(node)).forEach(order::add);
    Set<String> chosen =
        order.stream().limit(wanted).collect(Collectors.toCollection(TreeSet::new));
    if (chosen.size() % 2 == 0 && !now.voters().containsAll(chosen)) {
      // An even number helps nobody: rather wait until another one is able, too.
      able.stream()
          .filter(chosen::contains)
          .reduce((first, second) -> second)
          .ifPresent(chosen::remove);
    }
    return chosen;
  }

  private static int odd(int nodes) {
    int most = Math.min(nodes, VOTERS_MAX);
    return most == 0 || most % 2 == 1 ? most : most - 1;
  }

  private VoterPlan() {}
}
