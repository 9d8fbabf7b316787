package org.cairnfs.meta.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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
 * one change at a time, that the node leads that does the work, and that the sessions of nodes that
 * are gone keep nobody waiting. For one thread.
 */
final class LeaderDuties {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderDuties.class);

  /** Who has just come in may be sent to a moment later. */
  private static final int NEGLECTED_TICKS_MAX = 4;

  /** Between two attempts to have another node lead. */
  private static final int TRANSFER_REST_TICKS = 40;

  private final MetaLog log;
  private final MetaStore store;
  private final Members members;
  private final Workload workload;
  private final RaftTiming timing;

  private CompletableFuture<?> change = CompletableFuture.completedFuture(null);
  private int attempts;

  /** The term in which this node leads, and who was in the group when that began. */
  private long term;

  private Set<String> elders = Set.of();

  private int transferRestTicks;

  /** How many ticks in a row the leader has sent nothing to one of the group. */
  private int neglectedTicks;

  private CompletableFuture<?> ending = CompletableFuture.completedFuture(null);

  /** Nodes that are gone, by id as text, and have no session any more. */
  private final Set<String> ended = new HashSet<>();

  LeaderDuties(
      MetaLog log, MetaStore store, Members members, Workload workload, RaftTiming timing) {
    this.log = log;
    this.store = store;
    this.members = members;
    this.workload = workload;
    this.timing = timing;
  }

  /** Does what is due, if this node leads; does not wait for it. */
  void perform(RaftInstance raft) {
    transferRestTicks = Math.max(0, transferRestTicks - 1);
    if (!raft.leads()) {
      ended.clear();
      neglectedTicks = 0;
      return;
    }
    Map<String, Duration> silence = raft.silence();
    endSessions(silence);
    VoterPlan.Group now = raft.group();
    if (now == null || !sendsToAll(now, raft, silence) || !change.isDone()) {
      return;
    }
    if (raft.term() != term) {
      term = raft.term();
      elders = now.nodes();
    }
    changeGroup(now, raft, silence);
  }

  /**
   * Whether this leader sends to everybody in the group. The library (3.3.0) forgets those whom the
   * leader brought in when it gives up adding another one; the next leader knows them again.
   */
  private boolean sendsToAll(
      VoterPlan.Group now, RaftInstance raft, Map<String, Duration> silence) {
    boolean all = now.nodes().stream()
        .allMatch(node -> node.equals(raft.node()) || silence.containsKey(node));
    neglectedTicks = all ? 0 : neglectedTicks + 1;
    if (neglectedTicks >= NEGLECTED_TICKS_MAX) {
      neglectedTicks = 0;
      LOG.info("This leader has lost sight of some of {}: there is to be another one", now);
      stepDown(raft);
    }
    return all;
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

  private void changeGroup(VoterPlan.Group now, RaftInstance raft, Map<String, Duration> silence) {
    VoterPlan.Situation situation = new VoterPlan.Situation(
        raft.node(),
        present(member -> now.has(id(member)) || raft.isThere(id(member))),
        present(member -> member.state() == MemberState.DRAINING),
        silence,
        timing.electionMin());
    Optional<VoterPlan.Group> planned =
        VoterPlan.next(now, situation, timing.silentVoter(), attempts);
    if (planned.isEmpty()) {
      followWork(now, raft, situation);
      return;
    }
    VoterPlan.Group next = planned.get();
    Duration absence =
        now.nodes().containsAll(next.nodes()) ? Duration.ZERO : newcomersAbsence(now, silence);
    if (absence.compareTo(timing.newcomerSilence()) > 0) {
      LOG.info("Before {} comes, there is to be another leader: who came last is silent", next);
      stepDown(raft);
    } else if (absence.compareTo(timing.electionMax()) < 0) {
      change(now, next, raft);
    }
  }

  /**
   * For how long one is silent whom this leader brought in. To the library (3.3.0) none of those
   * has caught up, so it waits for all of them before it adds another one, and when one stays away
   * it gives up and forgets them all. To the next leader they have.
   */
  private Duration newcomersAbsence(VoterPlan.Group now, Map<String, Duration> silence) {
    return silence.entrySet().stream()
        .filter(node -> now.has(node.getKey()) && !elders.contains(node.getKey()))
        .map(Map.Entry::getValue)
        .max(Comparator.naturalOrder())
        .orElse(Duration.ZERO);
  }

  private void change(VoterPlan.Group now, VoterPlan.Group next, RaftInstance raft) {
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
  }

  /**
   * Hands the lead to the node that does the work, if it answers and is to stay. Proposals wait
   * meanwhile, and no longer than an election time-out if it comes to nothing.
   */
  private void followWork(VoterPlan.Group now, RaftInstance raft, VoterPlan.Situation situation) {
    Optional<String> worker = workload
        .worker(now.voters())
        .filter(node -> !node.equals(raft.node()) && situation.isReliable(node));
    if (worker.isEmpty() || transferRestTicks > 0) {
      return;
    }
    transferRestTicks = TRANSFER_REST_TICKS;
    LOG.info("{} makes nearly all entries: it is to lead", worker.get());
    try {
      change = raft.handOver(worker.get()).whenComplete((reply, problem) -> {
        if (problem != null || !reply.isSuccess()) {
          LOG.info("{} does not lead; another try may follow: {}", worker.get(), reply, problem);
        }
      });
    } catch (IOException e) {
      LOG.info("The lead cannot be handed over now: {}", e.toString());
    }
  }

  private static void stepDown(RaftInstance raft) {
    try {
      raft.stepDown();
    } catch (IOException e) {
      LOG.info("This leader cannot step down now; the next try follows: {}", e.toString());
    }
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
