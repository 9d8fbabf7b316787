package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.proto.MetaEntry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata log as a Raft group: of one voter in this process, without a socket, or of several
 * nodes, where entries go to the leader and wait as long as there is none. It begins with the one
 * and goes over to the other when the table of members has a second node.
 *
 * <p>When the disk is full, Ratis gives up a log for good. The entries accepted are kept here, and
 * the server is opened again until it can write; the store recognises what had reached it already.
 * Until then the log is {@link #stalled}.
 *
 * <p>Thread-safe.
 */
public final class RaftMetaLog implements MetaLog {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration CLOSE_POLL = Duration.ofMillis(100);

  private static final Logger LOG = LoggerFactory.getLogger(RaftMetaLog.class);

  /**
   * Whose log it is.
   *
   * @param directory for the logs of all groups of the node
   * @param group the cluster
   * @param node this node's id, as text
   * @param joining whether others founded the cluster: this node's log waits to hear from them
   */
  public record Place(Path directory, UUID group, String node, boolean joining) {}

  private final LogThreads threads = new LogThreads();
  private final Stall stall = new Stall();
  private final RaftRuns runs;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();

  /** Guarded by this, as is everything below: accepted and not answered. */
  private final Proposals proposals = new Proposals();

  /** Written with the lock held. */
  private volatile @Nullable RaftInstance instance;

  /** Nothing is handed to the server for now. */
  private boolean holding;

  /** Counts the runs of the server: what an earlier one says no longer matters. */
  private int run;

  private volatile boolean closing;
  private @Nullable Throwable failure;

  private RaftMetaLog(RaftRuns.Surroundings surroundings, @Nullable RaftLinks links) {
    this.runs = new RaftRuns(this, surroundings, links, threads, stall);
  }

  /**
   * Opens the log of a node that is alone, or makes it, and applies to the store what it lacks.
   * Blocks until the log takes entries.
   *
   * @param store what entries are applied to; stays the caller's, who closes it after the log
   * @throws IOException if the log or the store is damaged or one of them missing, or the disk
   *     fails
   */
  public static RaftMetaLog open(Path directory, UUID group, String node, MetaStore store)
      throws IOException {
    return open(
        new Place(directory, group, node, false),
        store,
        new Members(store),
        null,
        RaftTiming.DEFAULT);
  }

  /**
   * The same for a node that has or may get company. Blocks until the log takes entries only if
   * this node is alone; else see {@link #ready}.
   *
   * @param members of the same store
   * @param links null if there is no way to other nodes yet: {@link #connect} gives it
   */
  public static RaftMetaLog open(
      Place place, MetaStore store, Members members, @Nullable RaftLinks links, RaftTiming timing)
      throws IOException {
    RaftMetaLog log =
        new RaftMetaLog(new RaftRuns.Surroundings(place, store, members, timing), links);
    boolean opened = false;
    try {
      log.runs.open();
      log.threads.everyTick(timing.tick(), new LogWatch(log, store, members, timing));
      opened = true;
      return log;
    } finally {
      if (!opened) {
        log.close();
      }
    }
  }

  /**
   * Done once this node's store has everything that was committed in the cluster when this was
   * first asked for; at once if it is alone. Fails when the log does.
   */
  public CompletableFuture<Void> ready() {
    return ready.copy();
  }

  /** Gives the ways to other nodes, or others than before. */
  public void connect(RaftLinks links) {
    runs.connect(links);
  }

  /** What was committed before an entry of its own is here when that is. */
  private void askWhetherReady() {
    if (!runs.isAmong()) {
      ready.complete(null);
      return;
    }
    var unused = propose(MetaEntry.getDefaultInstance().toByteArray())
        .whenComplete((reply, problem) -> {
          if (problem == null) {
            ready.complete(null);
          } else if (isFinished()) {
            ready.completeExceptionally(problem);
          } else {
            threads.keep(this::askWhetherReady);
          }
        });
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] entry) {
    Proposals.Proposal proposal;
    synchronized (this) {
      Throwable failed = failure;
      if (closing || failed != null) {
        return CompletableFuture.failedFuture(
            new IOException("the metadata log is closed", failed));
      }
      proposal = proposals.add(entry);
      submitWaiting();
    }
    return proposal.reply();
  }

  /**
   * Hands waiting entries to the server, in order, as many as may be. Called with the lock held.
   */
  private void submitWaiting() {
    RaftInstance current = instance;
    if (current == null || holding) {
      return;
    }
    int submitter = run;
    for (Proposals.Proposal next = proposals.next(); next != null; next = proposals.next()) {
      Proposals.Proposal proposal = next;
      try {
        var unused = current
            .submit(proposal)
            .whenComplete((reply, problem) -> answered(submitter, proposal, reply, problem));
      } catch (IOException e) {
        runs.troubled(submitter, e);
        return;
      }
    }
  }

  private void answered(
      int submitter,
      Proposals.Proposal proposal,
      byte @Nullable [] reply,
      @Nullable Throwable problem) {
    if (reply == null) {
      Throwable cause = problem instanceof CompletionException && problem.getCause() != null
          ? problem.getCause()
          : problem;
      Throwable known = cause == null ? new IOException("no reply") : cause;
      runs.troubled(submitter, known);
      return;
    }
    synchronized (this) {
      proposals.remove(proposal);
      submitWaiting();
    }
    if (Thread.holdsLock(this)) {
      // Answered before the submitter let go of the lock: whoever waits must not run under it.
      threads.keep(() -> proposal.reply().complete(reply));
    } else {
      proposal.reply().complete(reply);
    }
  }

  /** A run is about to begin; returns its number. */
  synchronized int nextRun() {
    return ++run;
  }

  /** The run takes entries from now on. */
  void began(RaftInstance started) {
    synchronized (this) {
      instance = started;
      stall.end();
      holding = false;
      submitWaiting();
    }
    if (!ready.isDone()) {
      askWhetherReady();
    }
  }

  /** Hands nothing more to the present run; returns what it has to answer. */
  synchronized List<CompletableFuture<byte[]>> hold() {
    holding = true;
    return proposals.submitted();
  }

  /** There is no run any more; what it has not answered waits for the next. */
  synchronized @Nullable RaftInstance endRun() {
    RaftInstance ended = instance;
    instance = null;
    run++;
    proposals.resubmit();
    return ended;
  }

  synchronized boolean isRun(int number) {
    return number == run;
  }

  /** Whether it was closed or has failed. */
  synchronized boolean isFinished() {
    return closing || failure != null;
  }

  boolean isClosing() {
    return closing;
  }

  /** The present run, or null between two. */
  @Nullable
  RaftInstance current() {
    return instance;
  }

  /** Whether it has to be looked after: there are other nodes. */
  boolean isAmong() {
    return runs.isAmong();
  }

  /** Who makes the entries. */
  Workload workload() {
    return runs.workload();
  }

  /** Lets a tick pass for those who wait. */
  synchronized void tick() {
    proposals.tick();
  }

  /** Refuses what has waited for so many ticks. */
  void refuseLate(long limitTicks, IOException reason) {
    List<CompletableFuture<byte[]>> late;
    synchronized (this) {
      late = proposals.takeLate(limitTicks);
    }
    late.forEach(reply -> reply.completeExceptionally(reason));
  }

  /** That run is over without having been ended here. */
  void over(RaftInstance ended) {
    runs.over(ended);
  }

  /** The log has failed for good. */
  void fail(Throwable cause) {
    List<CompletableFuture<byte[]>> refused;
    synchronized (this) {
      if (failure == null) {
        failure = cause;
      }
      refused = proposals.clear();
    }
    IOException reason = new IOException("the metadata log failed", cause);
    refused.forEach(reply -> reply.completeExceptionally(reason));
    ready.completeExceptionally(reason);
  }

  @Override
  public boolean hasLeader() {
    RaftInstance current = current();
    return current != null && (!runs.isAmong() || current.hasLeader());
  }

  /** Whether this node leads. */
  boolean leads() {
    RaftInstance current = current();
    return current != null && current.leads();
  }

  /** Who leads and who votes, as far as this node knows. */
  public RaftRoles roles() {
    RaftInstance current = current();
    return current == null ? new RaftRoles(null, Set.of()) : current.roles();
  }

  /** Who is in the Raft group, as this node knows it; null while that is not known, or changes. */
  VoterPlan.@Nullable Group group() {
    RaftInstance current = current();
    return current == null ? null : current.group();
  }

  @Override
  public @Nullable PosixException stalled() {
    return stall.reason();
  }

  @Override
  public void onStall(Consumer<PosixException> listener) {
    stall.onBegin(listener);
  }

  @Override
  public void close() {
    if (closing) {
      return;
    }
    threads.endTicks();
    awaitAnswers();
    closing = true;
    threads.endKeeping();
    RaftInstance last;
    synchronized (this) {
      last = instance;
      instance = null;
    }
    RaftRuns.closeQuietly(last);
    threads.close();
    fail(new IOException("the metadata log is closed"));
  }

  /** Gives what was accepted the time to be applied, unless there is no hope. */
  private void awaitAnswers() {
    CompletableFuture<?>[] open;
    synchronized (this) {
      if (instance == null || stall.reason() != null || !hasLeader()) {
        return;
      }
      open = proposals.submitted().toArray(CompletableFuture<?>[]::new);
    }
    CompletableFuture<Void> answered = CompletableFuture.allOf(open);
    for (Duration left = CLOSE_TIMEOUT;
        hasLeader() && !left.isZero();
        left = left.minus(CLOSE_POLL)) {
      try {
        answered.get(CLOSE_POLL.toMillis(), TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        LOG.trace("Entries are on their way", e);
      } catch (ExecutionException e) {
        break;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    LOG.warn("The metadata log is closed with entries that were not applied");
  }
}
