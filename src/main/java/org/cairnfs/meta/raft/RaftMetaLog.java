package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The metadata log as a Raft group: of one voter in this process, without a socket, or of several,
 * where entries go to the leader one at a time and wait as long as there is none.
 *
 * <p>When the disk is full, Ratis gives up a log for good. The entries accepted are kept here, and
 * the server is opened again until it can write; the store recognises what had reached it already.
 * Until then the log is {@link #stalled}.
 *
 * <p>Thread-safe.
 */
public final class RaftMetaLog implements MetaLog {
  /** Bytes of entries handed to Ratis and not answered; at least one entry always is. */
  private static final long MAX_SUBMITTED_BYTES = 32L << 20;

  private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
  private static final long RETRY_MILLIS = 500;

  private static final Logger LOG = LoggerFactory.getLogger(RaftMetaLog.class);

  private final Path directory;
  private final UUID group;
  private final String node;
  private final @Nullable RaftPeers peers;
  private final MetaStore store;

  /** Opens the server again after it failed. */
  private final ExecutorService keeper =
      Executors.newSingleThreadExecutor(daemon("meta-log-keeper"));

  private final ExecutorService flusher = Executors.newSingleThreadExecutor(daemon("meta-flush"));

  /** Guarded by this, as is everything below: accepted and not answered, oldest first. */
  private final Deque<Proposal> proposals = new ArrayDeque<>();

  private final List<Consumer<PosixException>> stallListeners = new ArrayList<>();
  private @Nullable RaftInstance instance;

  /** Counts the runs of the server: what an earlier one says no longer matters. */
  private int run;

  private long submittedBytes;
  private volatile @Nullable PosixException stall;
  private volatile boolean closing;
  private @Nullable Throwable failure;

  private static final class Proposal {
    private final byte[] entry;
    private final CompletableFuture<byte[]> reply = new CompletableFuture<>();
    private boolean submitted;

    Proposal(byte[] entry) {
      this.entry = entry;
    }
  }

  private RaftMetaLog(
      Path directory, UUID group, String node, @Nullable RaftPeers peers, MetaStore store) {
    this.directory = directory;
    this.group = group;
    this.node = node;
    this.peers = peers;
    this.store = store;
  }

  /**
   * Opens the log, or makes it, and applies to the store what it lacks. Blocks until the log takes
   * entries.
   *
   * @param directory for the logs of all groups of the node
   * @param group the cluster
   * @param node this node's id, as text
   * @param store what entries are applied to; stays the caller's, who closes it after the log
   * @throws IOException if the log or the store is damaged or one of them missing, or the disk
   *     fails
   */
  public static RaftMetaLog open(Path directory, UUID group, String node, MetaStore store)
      throws IOException {
    return open(directory, group, node, null, store);
  }

  /**
   * The same with other voters. Blocks until there is a leader; what this node's store lacks may
   * then still be on its way.
   *
   * @param peers all voters; the wire stays the caller's, and carries nothing after closing
   */
  public static RaftMetaLog open(
      Path directory, UUID group, String node, @Nullable RaftPeers peers, MetaStore store)
      throws IOException {
    Files.createDirectories(directory);
    LogFiles.reconcile(RaftInstance.logDirectory(directory, group), store.applied());
    RaftMetaLog log = new RaftMetaLog(directory, group, node, peers, store);
    boolean opened = false;
    try {
      log.start();
      opened = true;
      return log;
    } finally {
      if (!opened) {
        log.close();
      }
    }
  }

  /** Starts a run of the server and waits until it leads. */
  private void start() throws IOException {
    Run listener;
    synchronized (this) {
      listener = new Run(++run);
    }
    RaftInstance started;
    try {
      MetaStateMachine machine = new MetaStateMachine(store, flusher, listener);
      started = RaftInstance.start(directory, group, node, peers, machine);
    } catch (RuntimeException e) {
      throw new IOException("the metadata log in " + directory + " cannot be opened", e);
    }
    try {
      listener.ready.get(READY_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      started.close();
      throw new IOException("interrupted while the metadata log was opened", e);
    } catch (ExecutionException | TimeoutException e) {
      started.close();
      throw new IOException("the metadata log in " + directory + " did not become ready", e);
    }
    synchronized (this) {
      instance = started;
      stall = null;
      submitWaiting();
    }
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] entry) {
    Proposal proposal = new Proposal(entry);
    synchronized (this) {
      Throwable failed = failure;
      if (closing || failed != null) {
        return CompletableFuture.failedFuture(
            new IOException("the metadata log is closed", failed));
      }
      proposals.add(proposal);
      submitWaiting();
    }
    return proposal.reply;
  }

  /**
   * Hands waiting entries to the server, in order, as many as may be. Called with the lock held.
   */
  private void submitWaiting() {
    RaftInstance current = instance;
    if (current == null) {
      return;
    }
    int submitter = run;
    for (Proposal proposal : proposals) {
      if (proposal.submitted) {
        continue;
      }
      if (submittedBytes > 0 && submittedBytes + proposal.entry.length > MAX_SUBMITTED_BYTES) {
        return;
      }
      proposal.submitted = true;
      submittedBytes += proposal.entry.length;
      try {
        var unused = current
            .submit(proposal.entry)
            .whenComplete((reply, problem) -> answered(submitter, proposal, reply, problem));
      } catch (IOException e) {
        keeper.execute(() -> troubled(submitter, e));
        return;
      }
    }
  }

  private void answered(
      int submitter, Proposal proposal, byte @Nullable [] reply, @Nullable Throwable problem) {
    if (reply == null) {
      Throwable cause = problem instanceof CompletionException && problem.getCause() != null
          ? problem.getCause()
          : problem;
      Throwable known = cause == null ? new IOException("no reply") : cause;
      execute(() -> troubled(submitter, known));
      return;
    }
    synchronized (this) {
      if (submitter == run) {
        submittedBytes -= proposal.entry.length;
      }
      proposals.remove(proposal);
      submitWaiting();
    }
    if (Thread.holdsLock(this)) {
      // Answered before the submitter let go of the lock: whoever waits must not run under it.
      execute(() -> proposal.reply.complete(reply));
    } else {
      proposal.reply.complete(reply);
    }
  }

  private void execute(Runnable task) {
    if (!keeper.isShutdown()) {
      keeper.execute(task);
    }
  }

  /** The current run came to an end. Runs on the keeper. */
  private void troubled(int troubledRun, Throwable cause) {
    RaftInstance broken;
    synchronized (this) {
      if (troubledRun != run || closing || failure != null) {
        return;
      }
      broken = instance;
      instance = null;
      run++;
      submittedBytes = 0;
      proposals.forEach(proposal -> proposal.submitted = false);
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
        if (DiskFull.hasRoom(directory)) {
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
    List<Proposal> refused;
    synchronized (this) {
      if (failure == null) {
        failure = cause;
      }
      refused = new ArrayList<>(proposals);
      proposals.clear();
    }
    IOException reason = new IOException("the metadata log failed", cause);
    refused.forEach(proposal -> proposal.reply.completeExceptionally(reason));
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
    awaitAnswers();
    closing = true;
    RaftInstance last;
    synchronized (this) {
      last = instance;
      instance = null;
    }
    closeQuietly(last);
    shutDown(keeper);
    shutDown(flusher);
    fail(new IOException("the metadata log is closed"));
  }

  /** Gives what was accepted the time to be applied, unless there is no hope. */
  private void awaitAnswers() {
    CompletableFuture<?>[] open;
    synchronized (this) {
      if (instance == null || stall != null) {
        return;
      }
      open =
          proposals.stream().map(proposal -> proposal.reply).toArray(CompletableFuture<?>[]::new);
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

  private static void shutDown(ExecutorService executor) {
    executor.shutdownNow();
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
