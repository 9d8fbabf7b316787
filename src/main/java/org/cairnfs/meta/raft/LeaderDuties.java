package org.cairnfs.meta.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.Sessions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the leader looks after now and then: that the Raft group is what the members' table says,
 * one change at a time, and that the sessions of nodes that are gone keep nobody waiting. For one
 * thread.
 */
final class LeaderDuties {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderDuties.class);

  /** Who has just come in may be sent to a moment later. */
  private static final int NEGLECTED_TICKS_MAX = 4;

  private final MetaLog log;
  private final MetaStore store;
  private final Members members;
  private final RaftTiming timing;

  private CompletableFuture<?> change = CompletableFuture.completedFuture(null);
  private int attempts;

  /** How many ticks in a row the leader has sent nothing to one of the group. */
  private int neglectedTicks;

  private CompletableFuture<?> ending = CompletableFuture.completedFuture(null);

  /** Nodes that are gone, by id as text, and have no session any more. */
  private final Set<String> ended = new HashSet<>();

  LeaderDuties(MetaLog log, MetaStore store, Members members, RaftTiming timing) {
    this.log = log;
    this.store = store;
    this.members = members;
    this.timing = timing;
  }

  /**
   * Does what is due, if this node leads; does not wait for it.
   *
   * @return false if the run has to end: it does not send to everybody in the group any more
   */
  boolean perform(RaftInstance raft) {
    if (!raft.leads()) {
      ended.clear();
      neglectedTicks = 0;
      return true;
    }
    Map<String, Duration> silence = raft.silence();
    endSessions(silence);
    if (!sendsToAll(raft, silence)) {
      return false;
    }
    if (neglectedTicks == 0) {
      changeGroup(raft, silence);
    }
    return true;
  }

  /**
   * The library forgets the learners when it gives up adding another one (3.3.0: a learner never
   * counts as caught up, and a failed change drops whoever does not). A new run knows them again.
   */
  private boolean sendsToAll(RaftInstance raft, Map<String, Duration> silence) {
    VoterPlan.Group now = raft.group();
    boolean all = now == null
        || Stream.concat(now.voters().stream(), now.learners().stream())
            .allMatch(node -> node.equals(raft.node()) || silence.containsKey(node));
    neglectedTicks = all ? 0 : neglectedTicks + 1;
    return neglectedTicks < NEGLECTED_TICKS_MAX;
  }

  private void endSessions(Map<String, Duration> silence) {
    Set<String> gone = silence.entrySet().stream()
        .filter(node -> node.getValue().compareTo(timing.silentSession()) > 0)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
    members.list().stream()
        .filter(member -> !member.belongs())
        .forEach(member -> gone.add(member.id().toString()));
    ended.retainAll(gone);
    if (ended.equals(gone) || !ending.isDone()) {
      return;
    }
    List<Sessions.Live> left = Sessions.list(store).stream()
        .filter(session -> gone.contains(session.node().toString()))
        .toList();
    if (left.isEmpty()) {
      ended.addAll(gone);
      return;
    }
    LOG.info("Ending the sessions of nodes that are gone: {}", left);
    ending = CompletableFuture.allOf(left.stream()
        .map(session -> log.propose(Sessions.endEntry(session.id())))
        .toArray(CompletableFuture<?>[]::new));
  }

  private void changeGroup(RaftInstance raft, Map<String, Duration> silence) {
    VoterPlan.Group now = raft.group();
    if (now == null || !change.isDone()) {
      return;
    }
    VoterPlan.Situation situation = new VoterPlan.Situation(
        raft.node(),
        present(member -> now.has(id(member)) || raft.isThere(id(member))),
        present(member -> member.state() == MemberState.DRAINING),
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

  private Set<String> present(Predicate<Member> which) {
    return members.present().stream()
        .filter(which)
        .map(LeaderDuties::id)
        .collect(Collectors.toSet());
  }

  private static String id(Member member) {
    return member.id().toString();
  }
}
