package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;
import org.cairnfs.meta.LogPosition;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link MetaStore} as Ratis's state machine.
 *
 * <p>A snapshot is the store itself, flushed. Flushing runs beside applying: every so many entries
 * or bytes one is started, and once it is done, the next {@link #takeSnapshot}, which Ratis calls
 * after applying, tells how far it got, and the log up to there is purged.
 *
 * <p>Applies on one thread of Ratis.
 */
final class MetaStateMachine extends BaseStateMachine {
  /** Flush after this many entries: bounds what a start has to apply again. */
  static final long FLUSH_ENTRIES = 20_000;

  /** Flush after this many bytes of entries: bounds the log on disk. */
  static final long FLUSH_BYTES = 32L << 20;

  /** What the log must be told about. */
  interface Listener {
    /** Entries are taken: this server leads and everything that was in its log has been applied. */
    void ready();

    /** The log could not be written, and will not be any more by this server. */
    void logFailed(Throwable cause);

    /**
     * An entry could not be applied.
     *
     * @return true once it makes sense to try again, false if it does not
     */
    boolean applyFailed(RuntimeException cause);

    /** An entry of that client was applied. */
    void applied(ByteString client);

    /**
     * Brings the rows of that node and puts them in place of what the store has; blocks.
     *
     * @param leader its id, as text
     */
    void replaceFrom(String leader) throws IOException;
  }

  private record StoreSnapshot(TermIndex termIndex) implements SnapshotInfo {
    @Override
    public TermIndex getTermIndex() {
      return termIndex;
    }

    @Override
    public List<FileInfo> getFiles() {
      return List.of();
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(MetaStateMachine.class);

  private final MetaStore store;
  private final Executor flusher;
  private final Executor installer;
  private final Listener listener;
  private final AppliedIndex applied;

  /** Only the applying thread uses these. */
  private long entriesSinceFlush;

  private long bytesSinceFlush;
  private long lastSnapshotIndex;

  /** An entry could not be applied: none will be any more. */
  private boolean poisoned;

  private volatile LogPosition flushed;
  private volatile boolean flushing;
  private volatile boolean stopping;

  /**
   * Over a store.
   *
   * @param flusher runs what waits for the disk
   * @param installer runs what waits for another node's rows
   */
  MetaStateMachine(MetaStore store, Executor flusher, Executor installer, Listener listener) {
    this.store = store;
    this.flusher = flusher;
    this.installer = installer;
    this.listener = listener;
    this.flushed = store.applied();
    this.applied = new AppliedIndex(flushed.index());
    this.lastSnapshotIndex = flushed.index();
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage)
      throws IOException {
    getLifeCycle().startAndTransition(() -> {
      super.initialize(server, groupId, storage);
      LogPosition position = store.applied();
      if (position.index() > 0) {
        setLastAppliedTermIndex(termIndex(position));
      }
    });
  }

  private static TermIndex termIndex(LogPosition position) {
    return TermIndex.valueOf(position.term(), position.index());
  }

  /**
   * The leader's log begins behind what is here: brings its rows. What it had applied when it sent
   * them is at least what is missing in its log.
   */
  @Override
  public CompletableFuture<@Nullable TermIndex> notifyInstallSnapshotFromLeader(
      RoleInfoProto role, TermIndex firstInLog) {
    if (firstInLog.getIndex() <= 0) {
      // The log is there from its beginning.
      return CompletableFuture.completedFuture(null);
    }
    if (store.applied().index() + 1 >= firstInLog.getIndex()) {
      return CompletableFuture.supplyAsync(() -> termIndex(flush()), flusher);
    }
    String leader = role.getFollowerInfo().getLeaderInfo().getId().getId().toStringUtf8();
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            listener.replaceFrom(leader);
          } catch (IOException e) {
            LOG.warn("The metadata could not be had from {}; the next try follows", leader, e);
            throw new UncheckedIOException(e);
          }
          return termIndex(flush());
        },
        installer);
  }

  /** Between the two the store is replaced by what {@link #notifyInstallSnapshotFromLeader} got. */
  @Override
  public void pause() {
    getLifeCycle().transition(LifeCycle.State.PAUSING);
    getLifeCycle().transition(LifeCycle.State.PAUSED);
  }

  @Override
  public void reinitialize() {
    LogPosition position = flush();
    setLastAppliedTermIndex(termIndex(position));
    lastSnapshotIndex = position.index();
    applied.applied(position.index());
    getLifeCycle().transition(LifeCycle.State.STARTING);
    getLifeCycle().transition(LifeCycle.State.RUNNING);
  }

  /** Puts everything applied on stable storage. */
  private LogPosition flush() {
    LogPosition position = store.flush();
    synchronized (this) {
      if (position.index() > flushed.index()) {
        flushed = position;
      }
      return flushed;
    }
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    LogPosition position = flushed;
    return position.index() == 0 ? null : new StoreSnapshot(termIndex(position));
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    byte[] data = entry.getStateMachineLogEntry().getLogData().toByteArray();
    byte[] reply = poisoned ? null : apply(entry.getTerm(), entry.getIndex(), data);
    if (reply == null) {
      // Ratis must not see an exception: while it is being closed it would never end. Neither this
      // entry nor a later one reaches the store, so the next start finds them in the log.
      poisoned = true;
      return CompletableFuture.completedFuture(Replies.failed());
    }
    updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
    listener.applied(entry.getStateMachineLogEntry().getClientId());
    applied.applied(entry.getIndex());
    entriesSinceFlush++;
    bytesSinceFlush += data.length;
    if (!flushing && (entriesSinceFlush >= FLUSH_ENTRIES || bytesSinceFlush >= FLUSH_BYTES)) {
      startFlush();
    }
    return CompletableFuture.completedFuture(Replies.of(reply));
  }

  private byte @Nullable [] apply(long term, long index, byte[] data) {
    while (true) {
      try {
        return store.apply(term, index, data);
      } catch (RuntimeException e) {
        if (!listener.applyFailed(e)) {
          LOG.error("Entry {} of the metadata log cannot be applied", index, e);
          return null;
        }
      }
    }
  }

  private void startFlush() {
    entriesSinceFlush = 0;
    bytesSinceFlush = 0;
    flushing = true;
    flusher.execute(() -> {
      try {
        var unused = flush();
      } catch (RuntimeException e) {
        // The log keeps what is not flushed, so nothing is lost; the next flush may do.
        LOG.warn("The metadata could not be flushed; the log keeps it", e);
      } finally {
        flushing = false;
      }
    });
  }

  /** Tells how far the last flush got; when stopping, flushes first. */
  @Override
  public long takeSnapshot() throws IOException {
    if (stopping) {
      try {
        var unused = flush();
      } catch (RuntimeException e) {
        throw new IOException("the metadata could not be flushed; the log keeps it", e);
      }
    }
    long index = flushed.index();
    if (index <= lastSnapshotIndex) {
      return RaftLog.INVALID_LOG_INDEX;
    }
    lastSnapshotIndex = index;
    return index;
  }

  /** Done once that entry has been applied here. */
  CompletableFuture<Void> reach(long index) {
    return applied.reach(index);
  }

  /** From now on a snapshot includes everything applied. */
  void stopping() {
    stopping = true;
  }

  @Override
  public void notifyLeaderReady() {
    listener.ready();
  }

  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto failedEntry) {
    listener.logFailed(cause);
  }
}
