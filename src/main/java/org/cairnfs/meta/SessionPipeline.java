package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The batches of a session on their way through the log, in order, a bounded number at a time.
 *
 * <p>An entry that fails breaks the session: what was made visible in advance can no longer be
 * kept, so nothing may be added to it. A log that is only stalled fails the waiting futures with
 * the reason and goes on. Thread-safe.
 */
final class SessionPipeline {
  /** Entries proposed and not yet applied. */
  static final int MAX_IN_FLIGHT = 8;

  /** Entries that may wait for a stalled log; changes are refused by then, so they are small. */
  private static final int MAX_STALLED = 1024;

  private static final long POLL_MILLIS = 100;

  private static final Logger LOG = LoggerFactory.getLogger(SessionPipeline.class);

  private final long session;
  private final MetaLog log;
  private final BiConsumer<Batch, @Nullable MetaReply> onApplied;

  /** Guarded by this: oldest first; those under way, and those that wait for an older one. */
  private final Deque<Flight> flights = new ArrayDeque<>();

  /** Held while landed batches are handed on, in order. */
  private final Object landing = new Object();

  /** Guarded by the caller's ordering of {@link #propose}. */
  private long entries;

  private volatile @Nullable Throwable broken;

  /** A batch and who waits for it. */
  private static final class Flight {
    private final Batch batch;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** Guarded by the pipeline. */
    private boolean landed;

    private byte @Nullable [] reply;
    private @Nullable Throwable failure;

    Flight(Batch batch) {
      this.batch = batch;
    }
  }

  /**
   * For one session.
   *
   * @param onApplied called in order once a batch is in the committed tables; with a null reply for
   *     one that had nothing to propose
   */
  SessionPipeline(long session, MetaLog log, BiConsumer<Batch, @Nullable MetaReply> onApplied) {
    this.session = session;
    this.log = log;
    this.onApplied = onApplied;
    log.onStall(this::stalled);
  }

  /**
   * Returns if a change may be made.
   *
   * @throws PosixException if the session is broken, or the log waits for room
   */
  void requireUsable() {
    Throwable cause = broken;
    if (cause != null) {
      throw new PosixException(Errno.EIO, "the metadata session has ended", cause);
    }
    PosixException stalled = log.stalled();
    if (stalled != null) {
      throw new PosixException(stalled.errno(), "the metadata log waits", stalled);
    }
  }

  boolean isBroken() {
    return broken != null;
  }

  /**
   * Waits until fewer than {@link #MAX_IN_FLIGHT} batches are under way, or it makes no sense to.
   */
  void awaitPlace() {
    boolean interrupted = false;
    // The log is asked without holding the lock: it may be calling us.
    while (broken == null && log.stalled() == null) {
      synchronized (this) {
        if (flights.size() < MAX_IN_FLIGHT) {
          break;
        }
        try {
          wait(POLL_MILLIS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (waiting() >= MAX_STALLED) {
      fail(new IOException(MAX_STALLED + " cuts wait for a stalled log"));
    }
  }

  private synchronized int waiting() {
    return flights.size();
  }

  /** Proposes a batch that changes no more, after the one proposed before. */
  CompletableFuture<Void> propose(Batch batch) {
    Flight flight = new Flight(batch);
    synchronized (this) {
      flights.add(flight);
    }
    if (broken != null || batch.ops().isEmpty()) {
      landed(flight, null, broken);
      return flight.done;
    }
    byte[] entry = MetaEntry.newBuilder()
        .setSession(session)
        .setCut(++entries)
        .addAllOps(batch.ops())
        .build()
        .toByteArray();
    if (entry.length > MetaLog.MAX_ENTRY_BYTES) {
      landed(flight, null, new IOException("a cut of " + entry.length + " bytes is too long"));
      return flight.done;
    }
    var unused =
        log.propose(entry).whenComplete((reply, failure) -> landed(flight, reply, failure));
    PosixException stalled = log.stalled();
    if (stalled != null) {
      flight.done.completeExceptionally(stalled);
    }
    return flight.done;
  }

  private void landed(Flight flight, byte @Nullable [] reply, @Nullable Throwable failure) {
    synchronized (this) {
      flight.landed = true;
      flight.reply = reply;
      flight.failure = failure;
    }
    synchronized (landing) {
      for (Flight next = nextLanded(); next != null; next = nextLanded()) {
        handOn(next);
      }
    }
  }

  private synchronized @Nullable Flight nextLanded() {
    Flight first = flights.peek();
    if (first == null || !first.landed) {
      return null;
    }
    notifyAll();
    return flights.poll();
  }

  private void handOn(Flight flight) {
    Throwable problem = flight.failure;
    try {
      MetaReply reply = flight.reply == null ? null : MetaReply.parseFrom(flight.reply);
      if (problem == null && reply != null) {
        problem = divergence(reply);
      }
      if (problem == null) {
        onApplied.accept(flight.batch, reply);
        flight.done.complete(null);
        return;
      }
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      problem = e;
    }
    fail(problem);
    flight.done.completeExceptionally(failed(problem));
  }

  /**
   * What was tried in advance must come out the same in the log: this session alone changes the
   * volume.
   */
  private static @Nullable Throwable divergence(MetaReply reply) {
    if (reply.getOutcome() != MetaReply.Outcome.APPLIED
        && reply.getOutcome() != MetaReply.Outcome.DUPLICATE) {
      return new IOException("the log refused an entry of this session: " + reply.getOutcome());
    }
    return reply.getRepliesList().stream().anyMatch(op -> op.getErrno() != 0)
        ? new IOException("an operation that succeeded here failed in the log: " + reply)
        : null;
  }

  /** Ends the session; everything under way and to come fails. */
  void fail(Throwable cause) {
    List<Flight> failed;
    synchronized (this) {
      if (broken == null) {
        broken = cause;
        LOG.error("The metadata session cannot go on: what was not yet committed is lost", cause);
      }
      failed = new ArrayList<>(flights);
      notifyAll();
    }
    failed.forEach(flight -> flight.done.completeExceptionally(failed(cause)));
  }

  private static PosixException failed(Throwable cause) {
    return new PosixException(Errno.EIO, "the metadata could not be committed", cause);
  }

  /** Ends the session in peace. */
  synchronized void close() {
    if (broken == null) {
      broken = new IOException("closed");
    }
    notifyAll();
  }

  private void stalled(PosixException reason) {
    List<Flight> waiting;
    synchronized (this) {
      waiting = new ArrayList<>(flights);
      notifyAll();
    }
    waiting.forEach(flight -> flight.done.completeExceptionally(reason));
  }
}
