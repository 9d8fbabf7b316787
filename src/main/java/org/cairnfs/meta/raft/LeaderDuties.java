package org.cairnfs.meta.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the leader looks after now and then: that the Raft group is what the members' table says,
 * one change at a time, and that a node that is gone keeps nobody waiting. For one thread.
 */
final class LeaderDuties {
  /** Hears for how long each of the other nodes of the group has been silent. */
  interface SilenceListener {
    void silence(Map<String, Duration> silence);
  }

  private static final Logger LOG = LoggerFactory.getLogger(LeaderDuties.class);

  private final Members members;
  private final RaftTiming timing;
  private final SilenceListener listener;
  private CompletableFuture<?> change = CompletableFuture.completedFuture(null);
  private int attempts;

  LeaderDuties(Members members, RaftTiming timing, SilenceListener listener) {
    this.members = members;
    this.timing = timing;
    this.listener = listener;
  }

  /** Does what is due, if this node leads; does not wait for it. */
  void perform(RaftInstance raft) {
    if (!raft.leads()) {
      return;
    }
    Map<String, Duration> silence = raft.silence();
    listener.silence(silence);
    VoterPlan.Group now = raft.group();
    if (now == null || !change.isDone()) {
      return;
    }
    VoterPlan.Situation situation = new VoterPlan.Situation(
        raft.node(),
        ids(member -> true),
        ids(member -> member.state() == MemberState.DRAINING),
        silence,
        timing.electionMin());
    VoterPlan.next(now, situation, timing.silentVoter(), attempts).ifPresent(next -> {
      attempts++;
      LOG.info("The Raft group changes from {} to {}", now, next);
      try {
        change = raft.change(next).whenComplete((reply, problem) -> {
          if (problem != null) {
            LOG.info("The Raft group did not change; the next try follows: {}", problem.toString());
          }
        });
      } catch (IOException e) {
        LOG.info("The Raft group cannot change now; the next try follows: {}", e.toString());
      }
    });
  }

  private Set<String> ids(Predicate<Member> which) {
    return members.present().stream()
        .filter(which)
        .map(member -> member.id().toString())
        .collect(Collectors.toSet());
  }
}
