package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins and ends the runs of the Raft server for a {@link RaftMetaLog}: alone or among others, and
 * anew when the disk was full or the library gave up. All that takes time runs on the keeper.
 * Thread-safe.
 */
final class RaftRuns {
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
  private static final long RETRY_MILLIS = 500;

  private static final Logger LOG = LoggerFactory.getLogger(RaftRuns.class);

  /** Whose log it is, and what it knows. */
  record Surroundings(
      RaftMetaLog.Place place, MetaStore store, Members members, RaftTiming timing) {
    private boolean isShared() {
      return members.present().size() > 1;
    }
  }

  private final RaftMetaLog log;
  private final RaftMetaLog.Place place;
  private final Surroundings around;
  private final LogThreads threads;
  private final Stall stall;
  private final SnapshotSpool spool;
  private final Workload workload = new Workload();

  /** The same in all runs, so that a leader knows what it has done. */
  private final ClientId client;

  private volatile @Nullable RaftLinks links;

  /** There are other nodes, or there soon will be. */
  private volatile boolean among;

  RaftRuns(
      RaftMetaLog log,
      Surroundings around,
      @Nullable RaftLinks links,
      LogThreads threads,
      Stall stall) {
    this.log = log;
    this.place = around.place();
    this.around = around;
    this.links = links;
    this.threads = threads;
    this.stall = stall;
    this.spool = new SnapshotSpool(place.directory(), place.group());
    this.client = Workload.client(place.node());
  }

  boolean isAmong() {
    return among;
  }

  Workload workload() {
    return workload;
  }

  /** Begins the first run; see {@link RaftMetaLog#open}. */
  void open() throws IOException {
    Files.createDirectories(place.directory());
    spool.load(around.store());
    among = place.joining() || around.isShared();
    LogFiles.reconcile(
        RaftInstance.logDirectory(place.directory(), place.group()),
        around.store().applied());
    start();
    around.members().onChange(this::membersChanged);
    membersChanged();
  }

  void connect(RaftLinks next) {
    links = next;
    if (among) {
      threads.keep(this::restart);
    }
  }

  private void membersChanged() {
    if (!among && around.isShared()) {
      among = true;
      threads.keep(this::restart);
    }
  }

  /** Begins a run and, if this node is alone, waits until it leads. */
  private void start() throws IOException {
    Run listener = new Run(log.nextRun());
    RaftLinks ways = links;
    RaftWire wire = !among ? null : ways == null ? new LoneWire() : ways.wire();
    RaftInstance.Setup setup = new RaftInstance.Setup(place, wire, around.timing(), client);
    RaftInstance started;
    try {
      started = RaftInstance.start(
          setup,
          new MetaStateMachine(around.store(), threads.flusher(), threads.installer(), listener));
    } catch (RuntimeException e) {
      throw new IOException("the metadata log in " + place.directory() + " cannot be opened", e);
    }
    if (wire == null) {
      awaitReady(started, listener);
    }
    log.began(started);
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

  /** That run is over without having been ended here. */
  void over(RaftInstance ended) {
    threads.keep(() -> {
      if (log.current() != ended || log.isFinished()) {
        return;
      }
      boolean removed = around
          .members()
          .find(NodeId.parse(place.node()))
          .map(member -> !member.belongs())
          .orElse(false);
      if (removed) {
        closeQuietly(log.endRun());
        log.fail(new IOException("this node was removed from the cluster"));
      } else {
        restart();
      }
    });
  }

  /** Ends the run and begins another one; what is under way is kept. Runs on the keeper. */
  private void restart() {
    if (log.isFinished() || log.current() == null) {
      return;
    }
    // What is answered need not be submitted again, to a server that may not know it was.
    List<CompletableFuture<byte[]>> submitted = log.hold();
    try {
      CompletableFuture.allOf(submitted.toArray(CompletableFuture<?>[]::new))
          .get(around.timing().electionMax().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("Entries under way will be submitted again", e);
    }
    closeQuietly(log.endRun());
    try {
      start();
    } catch (IOException | RuntimeException e) {
      if (DiskFull.is(e)) {
        stall.begin(e);
        reopen();
      } else {
        log.fail(e);
      }
    }
  }

  /** That run cannot go on. Does not wait. */
  void troubled(int run, Throwable cause) {
    threads.keep(() -> end(run, cause));
  }

  private void end(int run, Throwable cause) {
    if (!log.isRun(run) || log.isFinished()) {
      return;
    }
    RaftInstance broken = log.endRun();
    boolean full = DiskFull.is(cause);
    if (full) {
      LOG.error("The metadata log cannot be written: the disk is full. Waiting for room", cause);
      // Before anything that takes time: programs are waiting.
      stall.begin(cause);
    }
    closeQuietly(broken);
    if (full) {
      reopen();
    } else {
      log.fail(cause);
    }
  }

  private void reopen() {
    while (!log.isClosing()) {
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
          log.fail(e);
          return;
        }
        LOG.debug("Still no room", e);
      }
    }
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
      troubled(number, cause);
    }

    @Override
    public boolean applyFailed(RuntimeException cause) {
      if (log.isClosing() || !DiskFull.is(cause)) {
        ready.completeExceptionally(cause);
        troubled(number, cause);
        return false;
      }
      if (stall.reason() == null) {
        LOG.error("The metadata cannot be written: the disk is full. Waiting for room", cause);
        stall.begin(cause);
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
    public void applied(ByteString maker) {
      workload.count(maker);
      if (stall.end()) {
        LOG.info("The metadata goes on");
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
          spool.load(around.store());
          return;
        } catch (IOException e) {
          if (!applyFailed(new UncheckedIOException(e))) {
            throw e;
          }
        }
      }
    }
  }

  static void closeQuietly(@Nullable RaftInstance closed) {
    if (closed != null) {
      try {
        closed.close();
      } catch (IOException e) {
        LOG.warn("The metadata log did not close cleanly; its entries are safe", e);
      }
    }
  }
}
