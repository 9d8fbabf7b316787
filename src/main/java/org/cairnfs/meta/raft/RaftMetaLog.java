package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.ratis.protocol.ClientId;
import org.cairnfs.core.Errno;
import org.cairnfs.core.NodeId;
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
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
  private static final long RETRY_MILLIS = 500;

  private static final Logger LOG = LoggerFactory.getLogger(RaftMetaLog.class);

  /**
   * What a log is opened with.
   *
   * @param directory for the logs of all groups of the node
   * @param group the cluster
   * @param node this node's id, as text
   * @param joining whether others founded the cluster: this node's log waits to hear from them
   */
  public record Place(Path directory, UUID group, String node, boolean joining) {}

  private final Place place;
  private final MetaStore store;
  private final Members members;
  private final RaftTiming timing;
  private final SnapshotSpool spool;
  private final LeaderDuties duties;
  private final ClientId client = ClientId.randomId();

  /** Opens the server again after it failed. */
  private final ExecutorService keeper =
      Executors.newSingleThreadExecutor(daemon("meta-log-keeper"));

  private final ExecutorService flusher = Executors.newSingleThreadExecutor(daemon("meta-flush"));

  /** Waits for other nodes' rows. */
  private final ExecutorService installer =
      Executors.newSingleThreadExecutor(daemon("meta-install"));

  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(daemon("meta-log-watch"));

  private final CompletableFuture<Void> ready = new CompletableFuture<>();

  /** Guarded by this, as is everything below: accepted and not answered. */
  private final Proposals proposals = new Proposals();

  private final List<Consumer<PosixException>> stallListeners = new ArrayList<>();
  private @Nullable RaftInstance instance;

  /** Nothing is handed to the server for now. */
  private boolean holding;

  /** Counts the runs of the server: what an earlier one says no longer matters. */
  private int run;

  /** Only the watch uses it: for how many ticks there was no leader. */
  private long leaderlessTicks;

  private volatile @Nullable RaftLinks links;

  /** There are other nodes, or there soon will be. */
  private volatile boolean among;

  private volatile @Nullable PosixException stall;
  private volatile boolean closing;
  private @Nullable Throwable failure;

  private RaftMetaLog(
      Place place, MetaStore store, Members members, @Nullable RaftLinks links, RaftTiming timing) {
    this.place = place;
    this.store = store;
    this.members = members;
    this.links = links;
    this.timing = timing;
    this.spool = new SnapshotSpool(place.directory(), place.group());
    this.duties = new LeaderDuties(members, timing, silence -> {});
    this.among = place.joining() || isShared();
  }

  private boolean isShared() {
    return members.present().size() > 1;
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
    Files.createDirectories(place.directory());
    RaftMetaLog log = new RaftMetaLog(place, store, members, links, timing);
    boolean opened = false;
    try {
      log.spool.load(store);
      log.among = log.among || log.isShared();
      LogFiles.reconcile(
          RaftInstance.logDirectory(place.directory(), place.group()), store.applied());
      log.start();
      members.onChange(log::membersChanged);
      log.membersChanged();
      long tickMillis = timing.tick().toMillis();
      var unused = log.watch.scheduleWithFixedDelay(
          log::tick, tickMillis, tickMillis, TimeUnit.MILLISECONDS);
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
  public void connect(RaftLinks next) {
    links = next;
    if (among) {
      execute(this::restart);
    }
  }

  /** Starts a run of the server and, if this node is alone, waits until it leads. */
  private void start() throws IOException {
    Run listener;
    synchronized (this) {
      listener = new Run(++run);
    }
    RaftLinks ways = links;
    RaftWire wire = !among ? null : ways == null ? new LoneWire() : ways.wire();
    RaftInstance started;
    try {
      MetaStateMachine machine = new MetaStateMachine(store, flusher, installer, listener);
      started = RaftInstance.start(
          new RaftInstance.Setup(
              place.directory(),
              place.group(),
              place.node(),
              place.joining(),
              wire,
              timing,
              client),
          machine);
    } catch (RuntimeException e) {
      throw new IOException("the metadata log in " + place.directory() + " cannot be opened", e);
    }
    if (wire == null) {
      awaitReady(started, listener);
    }
    synchronized (this) {
      instance = started;
      stall = null;
      holding = false;
      submitWaiting();
    }
    if (!ready.isDone()) {
      askWhetherReady();
    }
  }

  private void awaitReady(RaftInstance started, Run listener) throws IOException {
    try {
      listener.ready.get(READY_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      started.close();
      throw new IOException("interrupted while the metadata log was opened", e);
    } catch (ExecutionException | TimeoutException e) {
      started.close();
      throw new IOException(
          "the metadata log in " + place.directory() + " did not become ready", e);
    }
  }

  /** What was committed before an entry of its own is here when that is. */
  private void askWhetherReady() {
    if (!among) {
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
            execute(this::askWhetherReady);
          }
        });
  }

  private synchronized boolean isFinished() {
    return closing || failure != null;
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
        keeper.execute(() -> troubled(submitter, e));
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
      execute(() -> troubled(submitter, known));
      return;
    }
    synchronized (this) {
      proposals.remove(proposal);
      submitWaiting();
    }
    if (Thread.holdsLock(this)) {
      // Answered before the submitter let go of the lock: whoever waits must not run under it.
      execute(() -> proposal.reply().complete(reply));
    } else {
      proposal.reply().complete(reply);
    }
  }

  private void execute(Runnable task) {
    if (!keeper.isShutdown()) {
      keeper.execute(task);
    }
  }

  private void membersChanged() {
    if (!among && isShared()) {
      among = true;
      execute(this::restart);
    }
  }

  /** Looks after what nobody calls for. Runs on the watch. */
  private void tick() {
    try {
      if (!among) {
        return;
      }
      RaftInstance current;
      int currentRun;
      synchronized (this) {
        current = instance;
        currentRun = run;
        proposals.tick();
      }
      if (current != null && current.isOver()) {
        execute(() -> over(currentRun));
      } else if (current != null) {
        duties.perform(current);
      }
      leaderlessTicks = hasLeader() || stall != null ? 0 : leaderlessTicks + 1;
      refuseLate();
    } catch (RuntimeException e) {
      LOG.warn("The metadata log could not be looked after; the next try follows", e);
    }
  }

  private void refuseLate() {
    long limitTicks = Math.max(1, timing.noLeader().dividedBy(timing.tick()));
    if (leaderlessTicks < limitTicks) {
      return;
    }
    List<CompletableFuture<byte[]>> late;
    synchronized (this) {
      late = proposals.takeLate(limitTicks);
    }
    late.forEach(reply -> reply.completeExceptionally(
        new IOException("no leader for " + timing.noLeader().toSeconds() + " s")));
  }

  /** The library ended a run, or took this node for something it is not. Runs on the keeper. */
  private void over(int overRun) {
    synchronized (this) {
      if (overRun != run) {
        return;
      }
    }
    boolean removed = members
        .find(NodeId.parse(place.node()))
        .map(member -> !member.belongs())
        .orElse(false);
    if (removed) {
      troubled(overRun, new IOException("this node was removed from the cluster"));
    } else {
      restart();
    }
  }

  /** Ends the run and begins another one; what is under way is kept. Runs on the keeper. */
  private void restart() {
    CompletableFuture<?>[] submitted;
    synchronized (this) {
      if (closing || failure != null || instance == null) {
        return;
      }
      holding = true;
      submitted = proposals.submitted().toArray(CompletableFuture<?>[]::new);
    }
    // What is answered need not be submitted again, to a server that may not know it was.
    try {
      CompletableFuture.allOf(submitted)
          .get(timing.electionMax().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("Entries under way will be submitted again", e);
    }
    closeQuietly(endRun());
    try {
      start();
    } catch (IOException | RuntimeException e) {
      if (DiskFull.is(e)) {
        setStalled(e);
        reopen();
      } else {
        fail(e);
      }
    }
  }

  private synchronized @Nullable RaftInstance endRun() {
    RaftInstance ended = instance;
    instance = null;
    run++;
    proposals.resubmit();
    return ended;
  }

  /** The current run came to an end. Runs on the keeper. */
  private void troubled(int troubledRun, Throwable cause) {
    RaftInstance broken;
    synchronized (this) {
      if (troubledRun != run || closing || failure != null) {
        return;
      }
      broken = endRun();
    }
    boolean full = DiskFull.is(cause);
    if (full) {
      LOG.error("The metadata log cannot be written: the disk is full. Waiting for room", cause);
      // Before anything that takes time: programs are waiting.
      setStalled(cause);
    }
    closeQuietly(broken);
    if (full) {
      reopen();
    } else {
      fail(cause);
    }
  }

  private void reopen() {
    while (!closing) {
      try {
        TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
        if (DiskFull.hasRoom(place.directory())) {
          start();
          LOG.info("The metadata log goes on");
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (IOException | RuntimeException e) {
        if (!DiskFull.is(e)) {
          fail(e);
          return;
        }
        LOG.debug("Still no room", e);
      }
    }
  }

  private void setStalled(Throwable cause) {
    PosixException reason = new PosixException(Errno.ENOSPC, "no room for the metadata log", cause);
    List<Consumer<PosixException>> listeners;
    synchronized (this) {
      stall = reason;
      listeners = List.copyOf(stallListeners);
    }
    listeners.forEach(listener -> listener.accept(reason));
  }

  private void fail(Throwable cause) {
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

  /** Hears what happens in one run of the server. */
  private final class Run implements MetaStateMachine.Listener {
    private final int number;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();

    Run(int number) {
      this.number = number;
    }

    @Override
    public void ready() {
      ready.complete(null);
    }

    @Override
    public void logFailed(Throwable cause) {
      ready.completeExceptionally(cause);
      execute(() -> troubled(number, cause));
    }

    @Override
    public boolean applyFailed(RuntimeException cause) {
      if (closing || !DiskFull.is(cause)) {
        ready.completeExceptionally(cause);
        execute(() -> troubled(number, cause));
        return false;
      }
      if (stall == null) {
        LOG.error("The metadata cannot be written: the disk is full. Waiting for room", cause);
        setStalled(cause);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    @Override
    public void applied() {
      if (stall != null) {
        LOG.info("The metadata goes on");
        stall = null;
      }
    }

    @Override
    public void replaceFrom(String leader) throws IOException {
      RaftLinks ways = links;
      if (ways == null) {
        throw new IOException("there is no way to " + leader);
      }
      spool.fetch(ways.snapshots(), leader);
      while (true) {
        try {
          spool.load(store);
          return;
        } catch (IOException e) {
          if (!applyFailed(new UncheckedIOException(e))) {
            throw e;
          }
        }
      }
    }
  }

  private synchronized @Nullable RaftInstance current() {
    return instance;
  }

  @Override
  public boolean hasLeader() {
    RaftInstance current = current();
    return current != null && (!among || current.hasLeader());
  }

  /** Whether this node leads. */
  boolean leads() {
    RaftInstance current = current();
    return current != null && current.leads();
  }

  /** Who is in the Raft group, as this node knows it; null while that is not known, or changes. */
  VoterPlan.@Nullable Group group() {
    RaftInstance current = current();
    return current == null ? null : current.group();
  }

  @Override
  public @Nullable PosixException stalled() {
    return stall;
  }

  @Override
  public synchronized void onStall(Consumer<PosixException> listener) {
    stallListeners.add(listener);
  }

  @Override
  public void close() {
    if (closing) {
      return;
    }
    watch.shutdownNow();
    awaitAnswers();
    closing = true;
    // Not interrupted: it may be opening the server, which would not let go of its files.
    keeper.shutdown();
    await(keeper);
    RaftInstance last;
    synchronized (this) {
      last = instance;
      instance = null;
    }
    closeQuietly(last);
    for (ExecutorService executor : List.of(installer, flusher, watch)) {
      executor.shutdownNow();
      await(executor);
    }
    fail(new IOException("the metadata log is closed"));
  }

  /** Gives what was accepted the time to be applied, unless there is no hope. */
  private void awaitAnswers() {
    CompletableFuture<?>[] open;
    synchronized (this) {
      if (instance == null || stall != null || !hasLeader()) {
        return;
      }
      open = proposals.submitted().toArray(CompletableFuture<?>[]::new);
    }
    try {
      CompletableFuture.allOf(open).get(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("The metadata log is closed with entries that were not applied", e);
    }
  }

  private void closeQuietly(@Nullable RaftInstance closed) {
    if (closed != null) {
      try {
        closed.close();
      } catch (IOException e) {
        LOG.warn("The metadata log did not close cleanly; its entries are safe", e);
      }
    }
  }

  private static void await(ExecutorService executor) {
    try {
      if (!executor.awaitTermination(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warn("A thread of the metadata log did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static java.util.concurrent.ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }
}
