package org.cairnfs.node.cluster;

import java.time.Duration;
import org.cairnfs.node.home.Durations;

/**
 * How far another node's time of day is from this one's. Nothing that is right or wrong depends on
 * it; but times of files do, and how long an invitation is good for.
 *
 * @param ahead of the other; negative if it is behind
 */
public record ClockDifference(Duration ahead) {
  /** Not known to differ. */
  static final ClockDifference NONE = new ClockDifference(Duration.ZERO);

  /** What nobody has to be told of: many hosts are some seconds off. */
  private static final Duration TOLERATED = Duration.ofMinutes(1);

  /**
   * The difference between two moments that are about the same one.
   *
   * @param othersMillis 0 if the other node does not say
   */
  static ClockDifference between(long othersMillis, long ownMillis) {
    return othersMillis == 0
        ? NONE
        : new ClockDifference(Duration.ofMillis(othersMillis - ownMillis));
  }

  /** Whether people have to be told. */
  boolean matters() {
    return ahead.abs().compareTo(TOLERATED) > 0;
  }

  /** What is wrong with the other node, as this one sees it; empty if nothing. */
  String trouble() {
    return matters() ? "its clock is " + describe(ahead) + " this node's" : "";
  }

  /** What is wrong with this host, as the others see it; empty if nothing. */
  String ownTrouble() {
    return matters()
        ? "this host's clock is " + describe(ahead.negated())
            + " the cluster's, and so will be the times of what is written here; set it right"
        : "";
  }

  private static String describe(Duration ahead) {
    return Durations.format(ahead.abs()) + (ahead.isNegative() ? " behind" : " ahead of");
  }
}
