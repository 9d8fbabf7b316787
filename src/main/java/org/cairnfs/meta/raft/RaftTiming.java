package org.cairnfs.meta.raft;

import java.time.Duration;

/**
 * How patient a log with several nodes is.
 *
 * @param electionMin a follower that has heard nothing for so long stands for election
 * @param electionMax or at the latest after so long
 * @param noLeader a proposal fails when there was no leader for so long
 * @param silentVoter a voter that was silent for so long is replaced, if somebody can take its
 *     place
 * @param silentSession the sessions of a node that was silent for so long are ended
 * @param tick how often the log looks after all that
 */
public record RaftTiming(
    Duration electionMin,
    Duration electionMax,
    Duration noLeader,
    Duration silentVoter,
    Duration silentSession,
    Duration tick) {
  /** For nodes; a pause of the JVM is no election. */
  public static final RaftTiming DEFAULT = new RaftTiming(
      Duration.ofMillis(500),
      Duration.ofMillis(1000),
      Duration.ofSeconds(30),
      Duration.ofMinutes(10),
      Duration.ofSeconds(6),
      Duration.ofMillis(250));

  /** Adding a node is given up when one that has yet to catch up was silent for so long. */
  Duration newcomerSilence() {
    return electionMax.multipliedBy(3);
  }

  /** The same with another time until a silent voter is replaced. */
  public RaftTiming withSilentVoter(Duration limit) {
    return new RaftTiming(electionMin, electionMax, noLeader, limit, silentSession, tick);
  }
}
