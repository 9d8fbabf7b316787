package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.cairnfs.meta.raft.VoterPlan.Group;
import org.cairnfs.meta.raft.VoterPlan.Situation;
import org.junit.jupiter.api.Test;

/** Who votes. "a" leads; silence is in seconds. */
class VoterPlanTest {
  private static final Duration SILENT = Duration.ofMinutes(10);

  /** One for each letter. */
  private static Set<String> nodes(String names) {
    return names.chars().mapToObj(Character::toString).collect(Collectors.toSet());
  }

  private static Group group(String voters, String learners) {
    return new Group(nodes(voters), nodes(learners));
  }

  private static Optional<Group> next(
      Group now, String present, String leaving, Map<String, Integer> silence) {
    Map<String, Duration> durations = new HashMap<>();
    silence.forEach((node, seconds) -> durations.put(node, Duration.ofSeconds(seconds)));
    Situation situation =
        new Situation("a", nodes(present), nodes(leaving), durations, Duration.ofSeconds(1));
    return VoterPlan.next(now, situation, SILENT, 0);
  }

  private static Optional<Group> next(Group now, String present) {
    return next(now, present, "", Map.of());
  }

  @Test
  void aNodeLearnsFirstAndVotesOnceThereIsAnOddNumber() {
    assertThat(next(group("a", ""), "a")).isEmpty();
    assertThat(next(group("a", ""), "ab")).contains(group("a", "b"));
    assertThat(next(group("a", "b"), "ab")).isEmpty();
    assertThat(next(group("a", "b"), "abc")).contains(group("a", "bc"));
    assertThat(next(group("a", "bc"), "abc")).contains(group("abc", ""));
    assertThat(next(group("abc", "d"), "abcd")).isEmpty();
    assertThat(next(group("abc", "de"), "abcde")).contains(group("abcde", ""));
    assertThat(next(group("abcde", "fg"), "abcdefg")).isEmpty();
  }

  @Test
  void thoseToAddHaveTheirTurns() {
    Situation situation =
        new Situation("a", nodes("abc"), Set.of(), Map.of(), Duration.ofSeconds(1));

    assertThat(VoterPlan.next(group("a", ""), situation, SILENT, 0)).contains(group("a", "b"));
    assertThat(VoterPlan.next(group("a", ""), situation, SILENT, 1)).contains(group("a", "c"));
  }

  @Test
  void whoIsRemovedIsOutAndTheNumberStaysOdd() {
    assertThat(next(group("abc", ""), "ab")).contains(group("a", "b"));
    assertThat(next(group("abc", "d"), "abd")).contains(group("abd", ""));
    assertThat(next(group("abc", "d"), "abc")).contains(group("abc", ""));
    assertThat(next(group("abc", ""), "bc")).contains(group("b", "c"));
  }

  @Test
  void aSilentVoterIsReplacedIfSomebodyCanTakeItsPlace() {
    assertThat(next(group("abc", "d"), "abcd", "", Map.of("c", 601))).contains(group("abd", "c"));
    assertThat(next(group("abc", "d"), "abcd", "", Map.of("c", 599))).isEmpty();
    assertThat(next(group("abc", "d"), "abcd", "", Map.of("c", 601, "d", 2))).isEmpty();
    assertThat(next(group("abc", ""), "abc", "", Map.of("c", 601))).isEmpty();
  }

  @Test
  void whoCannotBeHeardIsNotMadeAVoter() {
    assertThat(next(group("a", "bc"), "abc", "", Map.of("c", 2))).isEmpty();
  }

  @Test
  void whoIsAboutToLeaveDoesNotVoteUnlessItLeads() {
    assertThat(next(group("abc", "d"), "abcd", "c", Map.of())).contains(group("abd", "c"));
    assertThat(next(group("abc", ""), "abc", "c", Map.of())).contains(group("a", "bc"));
    assertThat(next(group("abc", ""), "abc", "a", Map.of())).contains(group("a", "bc"));
  }

  @Test
  void whoIsSilentOrAboutToLeaveIsNotReliable() {
    Map<String, Duration> silence = Map.of("c", Duration.ofSeconds(2), "d", Duration.ofMillis(500));
    Situation situation =
        new Situation("a", nodes("abcd"), nodes("b"), silence, Duration.ofSeconds(1));

    assertThat(nodes("abcd").stream().filter(situation::isReliable))
        .containsExactlyInAnyOrder("a", "d");
  }
}
