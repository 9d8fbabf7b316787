package org.cairnfs.vfs;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Cut;
import org.cairnfs.meta.EntryJournal;
import org.cairnfs.meta.LeaseRange;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Needs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes changes durable, in cuts.
 *
 * <p>A cut is everything that was changed up to one moment: operations on names and attributes,
 * which lie in the session's batch, and bytes, which lie in the layers of the active files. At that
 * moment nobody changes anything (the gate is held exclusively, for microseconds); then the layers
 * are sealed and stored, the store is synced, and batch and extents are proposed as one atomic
 * entry. So what survives a crash is everything up to some moment, and nothing after it.
 *
 * <p>When some bytes cannot be stored, on a full disk above all, the cut is taken back: operations
 * wait with the bytes that were written before them, lest a crash leave a file renamed and empty.
 * They do not wait for ever: a removal among them may be what makes room.
 *
 * <p>Whoever needs durability {@linkplain #requestCut asks for a cut} and waits for its future;
 * those who ask while a cut is being prepared share the next one. Otherwise there is a cut every
 * {@link #CUT_INTERVAL}, or earlier when much has piled up.
 *
 * <p>Changes are made only of what this host holds the {@link Leases} on for itself. When others
 * are to have their turn, the gate is shut for the moment, and a last cut takes everything with it;
 * changes that come later and need what was given up wait outside the gate.
 *
 * <p>Lock order: stripe of {@link ActiveFiles}, gate, lock of an {@link ActiveFile}, the session's
 * own. Thread-safe.
 */
final class Committer implements AutoCloseable {
  /** Longest time a change waits in memory: what a crash may take. */
  static final Duration CUT_INTERVAL = Duration.ofMillis(250);

  /** Write buffers in use from which writers wait. */
  static final long DIRTY_LIMIT_BYTES = 64L << 20;

  /** A cut is begun early when the batch holds this much; changes wait at four times as much. */
  private static final int BATCH_OPERATIONS = 4096;

  private static final long BATCH_BYTES = 1 << 20;
  private static final int HARD_LIMIT_FACTOR = 4;

  private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

  private final MetaSession session;
  private final Leases leases;
  private final BufferPool buffers;
  private final PendingFiles pending;
  private final WriteBack writeBack;
  private final ScheduledExecutorService timer;
  private final @Nullable SyncJournal journal;
  private final Gate gate = new Gate();
  private final AtomicBoolean earlyCutAsked = new AtomicBoolean();

  /** Whether a program has synced since the last cut by the clock. */
  private volatile boolean syncedLately;

  /** Held while a cut is prepared, up to its proposal. */
  private final ReentrantLock preparing = new ReentrantLock();

  private final Losses losses = new Losses();

  /** Cuts begun; written under {@link #preparing}, while the gate is held. */
  private final AtomicLong begun = new AtomicLong();

  /** The newest cut; written under {@link #preparing}. */
  private volatile CompletableFuture<Void> newest = CompletableFuture.completedFuture(null);

  /** When the newest cut is durable, which may be before it is committed. Written like it. */
  private volatile CompletableFuture<Void> newestDurable = CompletableFuture.completedFuture(null);

  Committer(
      MetaSession session,
      BufferPool buffers,
      PendingFiles pending,
      WriteBack writeBack,
      ScheduledExecutorService timer,
      @Nullable SyncJournal journal) {
    this.session = session;
    this.leases = session.leases();
    this.buffers = buffers;
    this.pending = pending;
    this.writeBack = writeBack;
    this.timer = timer;
    this.journal = journal;
  }

  /** Begins to make cuts by the clock. */
  void start() {
    long millis = CUT_INTERVAL.toMillis();
    var unused =
        timer.scheduleWithFixedDelay(this::cutIfNeeded, millis, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Makes a change that cuts must not tear, when this host has the leases that it needs.
   *
   * @param change names what it needs, {@linkplain Needs#demand demands} it, and only then changes
   *     something; may run several times. It must not wait for a later cut, nor ask for another
   *     change
   */
  <T> T change(Function<Needs, T> change) {
    Needs needs = leases.needs();
    while (true) {
      awaitBatchRoom();
      T result = attempt(needs, change);
      if (result != null) {
        return result;
      }
      leases.requireChange(needs);
    }
  }

  /** As {@link #change}, of something that returns nothing. */
  void run(Consumer<Needs> change) {
    Boolean unused = change(needs -> {
      change.accept(needs);
      return true;
    });
  }

  /** As {@link #run} if this host has the leases anyway; returns whether it was done. */
  boolean tryRun(Consumer<Needs> change) {
    Boolean done = attempt(leases.needs(), needs -> {
      change.accept(needs);
      return true;
    });
    return done != null;
  }

  /** See {@link Gate#attempt}. */
  <T> @Nullable T attempt(Needs needs, Function<Needs, T> change) {
    return gate.attempt(needs, change);
  }

  /**
   * The file has something pending: the next cut takes it. To be called within the change that made
   * it so.
   */
  void addPending(ActiveFile file) {
    pending.add(file);
  }

  /**
   * Waits, outside any change, until the write buffers have room.
   *
   * @throws PosixException why they do not drain
   */
  void awaitRoom() {
    if (buffers.usedBytes() < DIRTY_LIMIT_BYTES / 2) {
      return;
    }
    askEarlyCut();
    if (buffers.awaitBelow(DIRTY_LIMIT_BYTES, Commits.TIMEOUT, () -> writeBack.failure() != null)) {
      return;
    }
    PosixException failure = writeBack.failure();
    throw failure != null
        ? new PosixException(
            failure.errno(), "write buffers are full and cannot be written back", failure)
        : new PosixException(Errno.EIO, "write buffers did not drain within " + Commits.TIMEOUT);
  }

  /**
   * Makes sure that everything changed before this call is in a cut.
   *
   * <p>Bytes of a file that could not be stored are not in it: {@link ActiveFile#throwWriteError}
   * tells.
   *
   * @return completes when that cut is committed, and so durable; exceptionally with a
   *     PosixException if it cannot be
   */
  CompletableFuture<Void> requestCut() {
    return requestCut(false);
  }

  /** As {@link #requestCut}, but what is returned completes as soon as the cut is durable. */
  CompletableFuture<Void> requestDurable() {
    syncedLately = true;
    return requestCut(true);
  }

  /** Whether the newest cut is still on its way to where it is durable. */
  boolean isBusy() {
    return !newestDurable.isDone();
  }

  private CompletableFuture<Void> requestCut(boolean urgent) {
    long seen = begun.get();
    while (true) {
      requireUnheld();
      preparing.lock();
      try {
        // a cut that began after this call took the gate after it, too: it has what the caller
        // wants
        if (begun.get() > seen || prepareCut(urgent)) {
          return urgent ? newestDurable : newest;
        }
      } finally {
        preparing.unlock();
      }
    }
  }

  /**
   * Others are to have their turn: a last cut, with which the leases go. Changes that need them
   * wait from then on. What nobody changed goes without a cut.
   *
   * @param ranges with what is kept of each
   */
  void giveWay(List<LeaseRange> ranges) {
    preparing.lock();
    try {
      MetaSession.Release release;
      List<FrozenFile> frozen;
      gate.shut();
      try {
        List<ActiveFile> held = pending.held(leases); // still
        release = session.release(ranges, !pending.anyIn(ranges));
        if (release == null || !release.takesChanges()) {
          var unused = release == null ? null : release.cut().commit(List.of());
          return;
        }
        begun.incrementAndGet();
        frozen = pending.freeze(held);
      } finally {
        gate.open();
      }
      // others wait: what cannot be stored must not keep the leases here
      newest = pending.commit(release.cut(), frozen, writeBack.store(frozen), EntryJournal.NONE);
      newestDurable = newest;
    } finally {
      preparing.unlock();
    }
  }

  /**
   * Others ended the session: what it did not commit is gone, and its files say so.
   *
   * @param renew run while nobody changes anything
   * @return the files that lost something
   */
  List<InodeNumber> lose(Runnable renew) {
    Set<ActiveFile> losers = new HashSet<>();
    preparing.lock();
    try {
      gate.shut();
      try {
        if (hasWork() || !newest.isDone() || newest.isCompletedExceptionally()) {
          losses.add();
        }
        losers.addAll(pending.takeAll());
        newest = CompletableFuture.completedFuture(null);
        newestDurable = newest;
        losers.forEach(ActiveFile::lose);
        renew.run();
      } finally {
        gate.open();
      }
    } finally {
      preparing.unlock();
    }
    losers.forEach(pending::retire);
    return losers.stream().map(ActiveFile::number).toList();
  }

  /** Of changes that were acknowledged and will never be committed. */
  Losses losses() {
    return losses;
  }

  /** Throws why bytes of some file are still not stored, if so. */
  void throwStoreFailure() {
    PosixException failure = writeBack.failure();
    if (failure != null) {
      throw new PosixException(failure.errno(), "some files could not be written back", failure);
    }
  }

  /** Bytes of write buffers in use. */
  long dirtyBytes() {
    return buffers.usedBytes();
  }

  /**
   * Waits until everything that programs did is durable. What no program asked for is not worth
   * waiting long for, should there be no quorum.
   */
  void sync() {
    sync(true);
  }

  private void sync(boolean urgent) {
    if (isOwed()) {
      Commits.await(requestCut(urgent));
    } else if (leases.isLive()) {
      Commits.awaitUpkeep(requestCut(urgent));
    }
    throwStoreFailure();
  }

  /** A last cut, awaited; the journal has nothing any more that is not elsewhere. */
  @Override
  public void close() {
    session.push();
    sync(false);
    if (journal != null) {
      journal.settle();
    }
  }

  /** Whether something that a program did is not committed. */
  private boolean isOwed() {
    preparing.lock(); // what is in no batch any more and not under way yet
    try {
      return !pending.isEmpty() || session.isOwed();
    } finally {
      preparing.unlock();
    }
  }

  private boolean hasWork() {
    return !pending.isEmpty() || session.pendingOperations() > 0;
  }

  /** Gets back what a cut needs: files that could not be stored when their leases had to go. */
  private void requireUnheld() {
    if (hasWork()) {
      Needs needs = leases.needs();
      ActiveFile unheld = pending.unheld(leases);
      if (unheld != null) {
        needs.change(unheld.number());
      }
      if (needs.isMissing() || !leases.isLive()) {
        leases.requireChange(needs);
      }
    }
  }

  /** Holds {@link #preparing}. False if there is something to commit and a lease is gone. */
  private boolean prepareCut(boolean urgent) {
    if (!hasWork()) {
      return true;
    }
    List<FrozenFile> frozen;
    Cut cut;
    gate.shut();
    try {
      if (!leases.isLive() || pending.unheld(leases) != null) {
        return false;
      }
      begun.incrementAndGet();
      frozen = pending.freeze(pending.held(leases));
      cut = session.cut();
    } finally {
      gate.open();
    }
    SyncJournal.Attempt attempt = urgent && journal != null ? journal.begin(cut, frozen) : null;
    if (attempt != null) {
      newest = pending.commit(cut, frozen, Map.of(), attempt);
      newestDurable = attempt.proposed(newest);
      return true;
    }
    Map<ActiveFile, PosixException> failures = writeBack.store(frozen);
    newest = writeBack.isToBeAwaited()
        ? pending.takeBack(cut, frozen, failures)
        : pending.commit(cut, frozen, failures, EntryJournal.NONE);
    newestDurable = newest;
    return true;
  }

  private void cutIfNeeded() {
    earlyCutAsked.set(false);
    boolean besideSyncs = syncedLately;
    syncedLately = false;
    try {
      if (journal != null) {
        journal.settle();
      }
      if (hasWork()) {
        // Whoever syncs next waits for this one: better for the journal than for segments and log.
        var unused = requestCut(besideSyncs);
      }
    } catch (RuntimeException e) {
      LOG.error("A periodic cut failed; the next one tries again", e);
    }
  }

  private void askEarlyCut() {
    if (earlyCutAsked.compareAndSet(false, true)) {
      timer.execute(this::cutIfNeeded);
    }
  }

  /** Waits, outside any change, until the batch has room. */
  void awaitBatchRoom() {
    int operations = session.pendingOperations();
    long bytes = session.pendingBytes();
    if (operations < BATCH_OPERATIONS && bytes < BATCH_BYTES) {
      return;
    }
    askEarlyCut();
    if (operations >= HARD_LIMIT_FACTOR * BATCH_OPERATIONS
        || bytes >= HARD_LIMIT_FACTOR * BATCH_BYTES) {
      // a failure of the cut is reported where it belongs; here only its size matters
      Commits.await(requestCut().handle((done, error) -> null));
      PosixException failure = writeBack.failure();
      if (failure != null && session.pendingOperations() >= operations) {
        throw new PosixException(
            failure.errno(), "too much waits for what cannot be stored", failure);
      }
    }
  }
}
