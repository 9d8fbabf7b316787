package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;

/**
 * Everything of a session that goes with its id: what it changed and is not committed, and its
 * entries under way. A session that was ended, by others or because the log refused an entry, gets
 * a new one. Thread-safe.
 */
final class SessionLife {
  /** How long opening waits for the log. */
  static final Duration OPEN_TIMEOUT = Duration.ofSeconds(30);

  private final long id;
  private final MetaLog log;
  private final Overlay overlay;
  private final SessionReads reads;
  private final Speculation speculation;
  private final SessionPipeline pipeline;

  private volatile boolean opened;

  /** Held while a cut is committed, so that cuts enter the log in order. */
  private final ReentrantLock commits = new ReentrantLock();

  /**
   * A life that the log has not heard of yet.
   *
   * @param onApplied called in order once a batch is in the committed tables
   * @param onBroken called when it cannot go on
   */
  SessionLife(
      long id,
      MetaStore store,
      MetaLog log,
      BiConsumer<Batch, @Nullable MetaReply> onApplied,
      Runnable onBroken) {
    this.id = id;
    this.log = log;
    this.overlay = new Overlay(store.reader());
    this.reads = new SessionReads(overlay);
    this.speculation = new Speculation(id, overlay);
    this.pipeline = new SessionPipeline(
        id,
        log,
        (batch, reply) -> {
          speculation.applied(batch, reply);
          onApplied.accept(batch, reply);
        },
        onBroken);
  }

  /**
   * Has the log open the session, which ends the node's earlier ones. Blocks until it answers; the
   * tables here may have it later.
   *
   * @param open the inodes that are open in it
   */
  void open(NodeId node, Collection<Long> open) throws IOException {
    MetaReply reply =
        ask(log, Ops.openSession(id, node, open), Ops.allocateInodes(InodeNumbers.RANGE, id));
    boolean refused = reply.getRepliesList().stream().anyMatch(answer -> answer.getErrno() != 0);
    if (refused || !speculation.offerNumbers(reply)) {
      throw new IOException("the log refused to open a session: " + reply);
    }
  }

  /** Proposes operations that belong to no session, and waits. */
  static MetaReply ask(MetaLog log, MetaOp... ops) throws IOException {
    MetaEntry entry = MetaEntry.newBuilder().addAllOps(List.of(ops)).build();
    try {
      byte[] reply =
          log.propose(entry.toByteArray()).get(OPEN_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      return MetaReply.parseFrom(reply);
    } catch (TimeoutException e) {
      throw new IOException(
          "the metadata log did not answer within " + OPEN_TIMEOUT.toSeconds() + " s", e);
    } catch (ExecutionException | InvalidProtocolBufferException e) {
      throw new IOException("the metadata log failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening the session", e);
    }
  }

  /** The tables here have it. */
  void opened() {
    opened = true;
  }

  boolean isOpened() {
    return opened;
  }

  long id() {
    return id;
  }

  Overlay overlay() {
    return overlay;
  }

  SessionReads reads() {
    return reads;
  }

  SessionPipeline pipeline() {
    return pipeline;
  }

  /**
   * What changes go through.
   *
   * @throws PosixException if the session takes none
   */
  Speculation changes() {
    if (!opened) {
      throw new PosixException(Errno.EIO, "the metadata session is not open");
    }
    pipeline.requireUsable();
    return speculation;
  }

  /** The same for what does not depend on the log. */
  Speculation speculation() {
    return speculation;
  }

  /** Commits a batch; see {@link Cut#commit}. */
  CompletableFuture<Void> commit(
      Batch batch, List<FileUpdate> updates, Ending ending, EntryJournal journal) {
    commits.lock();
    try {
      pipeline.awaitPlace();
      try {
        speculation.update(batch, updates);
      } catch (PosixException e) {
        // The cut cannot be had whole, and later ones must not be without it.
        pipeline.fail(e);
      }
      ending.addTo(batch);
      return pipeline.propose(batch, ending::numbered, journal);
    } finally {
      commits.unlock();
    }
  }

  /** What comes after the changes in an entry. */
  interface Ending {
    Ending NONE = batch -> {};

    void addTo(Batch batch);

    /** The entry has this number. */
    default void numbered(long number) {}
  }

  /** Whether a change that a program made is not committed. */
  boolean isOwed() {
    return speculation.isOwed() || pipeline.isOwed();
  }

  /** Proposes what nothing here depends on. */
  CompletableFuture<@Nullable MetaReply> propose(List<MetaOp> ops, LongConsumer onNumber) {
    return pipeline.propose(ops, onNumber);
  }
}
