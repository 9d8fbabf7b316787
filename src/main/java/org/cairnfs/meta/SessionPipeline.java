package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The entries of a session on their way through the log, in order, a bounded number at a time: its
 * batches, and what it proposes about leases, locks and itself.
 *
 * <p>A batch is done when its entry is in the tables of this node, whoever applied it before.
 *
 * <p>An entry that fails breaks the session: what was made visible in advance can no longer be
 * kept, so nothing may be added to it. A log that is only stalled fails the waiting futures with
 * the reason and goes on. Thread-safe.
 */
final class SessionPipeline {
  /** Entries proposed and not yet applied, those in a journal not counted. */
  static final int MAX_IN_FLIGHT = 8;

  /** All of them: those in a journal are short, and a journal is. */
  private static final int MAX_UNAPPLIED = 512;

  /** Entries in a journal that the log is not troubled with one by one. */
  private static final int MAX_HELD = 64;

  /** Entries that may wait for a stalled log; changes are refused by then, so they are small. */
  private static final int MAX_STALLED = 1024;

  private static final long POLL_MILLIS = 100;

  private static final Logger LOG = LoggerFactory.getLogger(SessionPipeline.class);

  private final long session;
  private final MetaLog log;
  private final BiConsumer<Batch, @Nullable MetaReply> onApplied;
  private final Runnable onBroken;

  /** Guarded by this: oldest first; those under way, and those that wait for an older one. */
  private final Deque<Flight> flights = new ArrayDeque<>();

  /** Held while landed batches are handed on, in order. */
  private final Object landing = new Object();

  /** Held while an entry gets its number and goes into the log, so that numbers are in order. */
  private final Object proposing = new Object();

  /** Guarded by {@link #proposing}. */
  private long entries;

  /** In a journal, and not proposed yet; guarded by {@link #proposing}. */
  private final List<Held> held = new ArrayList<>();

  private volatile @Nullable Throwable broken;

  private record Held(Flight flight, long number, byte[] entry) {}

  /** What goes into one entry, and who waits for it. */
  private static final class Flight {
    /** Null if nothing was made visible in advance. */
    private final @Nullable Batch batch;

    private final List<MetaOp> ops;
    private final CompletableFuture<@Nullable MetaReply> done = new CompletableFuture<>();

    /** Guarded by the pipeline; 0 until it has one. */
    private long number;

    /** Guarded by the pipeline. */
    private boolean landed;

    /** The journal that has it on stable storage, if one does. Written under proposing. */
    private volatile @Nullable EntryJournal journal;

    private @Nullable MetaReply reply;
    private @Nullable Throwable failure;

    Flight(@Nullable Batch batch, List<MetaOp> ops) {
      this.batch = batch;
      this.ops = ops;
    }

    private boolean isJournaled() {
      return journal != null;
    }

    private void applied() {
      EntryJournal has = journal;
      if (has != null) {
        has.committed();
      }
      done.complete(reply);
    }
  }

  /**
   * For one session.
   *
   * @param onApplied called in order once a batch is in the committed tables; with a null reply for
   *     one that had nothing to propose, or whose reply was not heard
   * @param onBroken called when the session cannot go on
   */
  SessionPipeline(
      long session,
      MetaLog log,
      BiConsumer<Batch, @Nullable MetaReply> onApplied,
      Runnable onBroken) {
    this.session = session;
    this.log = log;
    this.onApplied = onApplied;
    this.onBroken = onBroken;
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
    requireRoom();
  }

  /** See {@link MetaSession#requireRoom}. */
  void requireRoom() {
    PosixException stalled = log.stalled();
    if (stalled != null) {
      throw new PosixException(stalled.errno(), "the metadata log waits", stalled);
    }
  }

  /**
   * Waits until fewer than {@link #MAX_IN_FLIGHT} batches are under way, or it makes no sense to.
   */
  void awaitPlace() {
    boolean interrupted = false;
    // The log is asked without holding the lock: it may be calling us.
    while (broken == null && log.stalled() == null) {
      synchronized (this) {
        if (hasPlace()) {
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

  /** Guarded by this. */
  private boolean hasPlace() {
    int all = flights.size();
    return all < MAX_IN_FLIGHT
        || (all < MAX_UNAPPLIED
            && flights.stream().filter(flight -> !flight.isJournaled()).count() < MAX_IN_FLIGHT);
  }

  private synchronized int waiting() {
    return flights.size();
  }

  /**
   * Proposes a batch that changes no more, after what was proposed before.
   *
   * @param onNumber told the entry's number before it goes into the log, unless nothing does
   * @param journal given the entry before the log is
   */
  CompletableFuture<Void> propose(Batch batch, LongConsumer onNumber, EntryJournal journal) {
    return propose(new Flight(batch, batch.ops()), onNumber, journal).thenApply(reply -> null);
  }

  /**
   * Proposes operations that nobody applied in advance; they may fail one by one.
   *
   * @return the reply; null if it is not known what they came to, only that they were applied
   */
  CompletableFuture<@Nullable MetaReply> propose(List<MetaOp> ops, LongConsumer onNumber) {
    return propose(new Flight(null, ops), onNumber, EntryJournal.NONE);
  }

  private CompletableFuture<@Nullable MetaReply> propose(
      Flight flight, LongConsumer onNumber, EntryJournal journal) {
    synchronized (proposing) {
      synchronized (this) {
        flights.add(flight);
      }
      if (broken != null || flight.ops.isEmpty()) {
        landed(flight, null, broken);
        return flight.done;
      }
      long number = ++entries;
      byte[] entry = MetaEntry.newBuilder()
          .setSession(session)
          .setCut(number)
          .addAllOps(flight.ops)
          .build()
          .toByteArray();
      if (entry.length > MetaLog.MAX_ENTRY_BYTES) {
        landed(flight, null, new IOException("a cut of " + entry.length + " bytes is too long"));
        return flight.done;
      }
      synchronized (this) {
        flight.number = number;
      }
      onNumber.accept(number);
      boolean allEarlier = areAllDurableBefore(flight);
      try {
        flight.journal = journal.write(entry, allEarlier) ? journal : null;
      } catch (PosixException e) {
        landed(flight, null, e);
        return flight.done;
      }
      held.add(new Held(flight, number, entry));
      // Without all earlier ones it is not durable in the journal: somebody waits for the log.
      if (flight.isJournaled() && allEarlier && held.size() < MAX_HELD) {
        return flight.done;
      }
      pushHeld();
    }
    PosixException stalled = log.stalled();
    if (stalled != null) {
      flight.done.completeExceptionally(stalled);
    }
    return flight.done;
  }

  /** Hands the log what was held back because a journal has it. */
  void push() {
    synchronized (proposing) {
      pushHeld();
    }
  }

  /** Holds {@link #proposing}. */
  private void pushHeld() {
    EntryBundle bundle = new EntryBundle();
    List<Flight> bundled = new ArrayList<>();
    for (Held next : held) {
      if (!bundle.hasRoom(next.entry)) {
        push(bundle, bundled);
        bundle = new EntryBundle();
        bundled = new ArrayList<>();
      }
      bundle.add(next.number, next.entry);
      bundled.add(next.flight);
    }
    if (!bundled.isEmpty()) {
      push(bundle, bundled);
    }
    held.clear();
  }

  private void push(EntryBundle bundle, List<Flight> bundled) {
    var unused = log.propose(bundle.toEntry())
        .whenComplete(
            (reply, failure) -> bundled.forEach(flight -> answered(flight, reply, failure)));
  }

  /** Whether something that a program changed is under way. */
  synchronized boolean isOwed() {
    return flights.stream().anyMatch(flight -> flight.batch != null && flight.batch.isOwed());
  }

  private synchronized boolean areAllDurableBefore(Flight flight) {
    return flights.stream()
        .allMatch(other -> other == flight || other.landed || other.isJournaled());
  }

  /**
   * The log answered: that the entry was refused, or that it is durable. The latter says nothing of
   * this node, which may be behind the one that answered: {@link #heard} does.
   */
  private void answered(Flight flight, byte @Nullable [] reply, @Nullable Throwable failure) {
    Throwable problem = failure;
    if (reply != null) {
      try {
        problem = refusal(MetaReply.parseFrom(reply));
      } catch (InvalidProtocolBufferException e) {
        problem = e;
      }
    }
    if (problem != null) {
      landed(flight, null, problem);
    }
  }

  /** An entry of this session is in the tables of this node, or was refused. */
  void heard(MetaEntry entry, MetaReply reply) {
    int op = 0;
    for (Flight flight : underWay(EntryBundle.firstNumber(entry), entry.getCut())) {
      landed(flight, EntryBundle.part(reply, op, flight.ops.size()), null);
      op += flight.ops.size();
    }
  }

  /** The tables have everything up to an entry of this session. */
  void heardAllUpTo(long number) {
    underWay(1, number).forEach(flight -> landed(flight, null, null));
  }

  private synchronized List<Flight> underWay(long first, long last) {
    return flights.stream()
        .filter(flight -> flight.number >= first && flight.number <= last)
        .toList();
  }

  private void landed(Flight flight, @Nullable MetaReply reply, @Nullable Throwable failure) {
    synchronized (this) {
      if (flight.landed) {
        return;
      }
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
      MetaReply reply = flight.reply;
      if (problem == null && reply != null) {
        problem = flight.batch == null ? refusal(reply) : divergence(flight.ops, reply);
      }
      if (problem == null) {
        if (flight.batch != null) {
          onApplied.accept(flight.batch, reply);
        }
        flight.applied();
        return;
      }
    } catch (RuntimeException e) {
      problem = e;
    }
    fail(problem);
    flight.done.completeExceptionally(failed(problem));
  }

  private static @Nullable Throwable refusal(MetaReply reply) {
    return switch (reply.getOutcome()) {
      case APPLIED, DUPLICATE -> null;
      case FENCED -> new IOException("the session was ended, or changed what it may not");
      default -> new IOException("the log refused an entry of this session: " + reply.getOutcome());
    };
  }

  /**
   * What was tried in advance must come out the same in the log: this session alone changes what it
   * holds the lease on. Locks are not tried.
   */
  private static @Nullable Throwable divergence(List<MetaOp> ops, MetaReply reply) {
    Throwable refusal = refusal(reply);
    if (refusal != null) {
      return refusal;
    }
    return reply.getRepliesList().stream()
            .anyMatch(op -> op.getErrno() != 0 && !ops.get(op.getOp()).hasSetLock())
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
    onBroken.run();
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

  /** The log begins to wait: who waits for it here is told why. */
  void stalled(PosixException reason) {
    List<Flight> waiting;
    synchronized (this) {
      waiting = new ArrayList<>(flights);
      notifyAll();
    }
    waiting.forEach(flight -> flight.done.completeExceptionally(reason));
  }
}
