package org.cairnfs.vfs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Cut;
import org.cairnfs.meta.FileUpdate;
import org.cairnfs.meta.LeaseMode;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.VolumeLease;
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
 * <p>Changes are made only while this host has the {@link VolumeLease} for itself. When others are
 * to have their turn, the gate is shut, and a last cut takes everything with it; changes that come
 * later wait outside the gate.
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

  private static final Logger log = LoggerFactory.getLogger(Committer.class);

  private final MetaSession session;
  private final VolumeLease lease;
  private final BlockStore blobs;
  private final BufferPool buffers;
  private final ActiveFiles files;
  private final WriteBack writeBack;
  private final StrayBlobs strays;
  private final ScheduledExecutorService timer;
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private final Set<ActiveFile> pendingFiles = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean earlyCutAsked = new AtomicBoolean();

  /** By the number of their cut, files whose changes are proposed and perhaps not committed. */
  private final ConcurrentNavigableMap<Long, List<ActiveFile>> uncommitted =
      new ConcurrentSkipListMap<>();

  /** Held while a cut is prepared, up to its proposal. */
  private final ReentrantLock preparing = new ReentrantLock();

  /** Cuts begun; written under {@link #preparing}, while the gate is held. */
  private final AtomicLong begun = new AtomicLong();

  /** The newest cut; written under {@link #preparing}. */
  private volatile CompletableFuture<Void> newest = CompletableFuture.completedFuture(null);

  Committer(
      MetaSession session,
      BlockStore blobs,
      BufferPool buffers,
      ActiveFiles files,
      WriteBack writeBack,
      StrayBlobs strays,
      ScheduledExecutorService timer) {
    this.session = session;
    this.lease = session.lease();
    this.blobs = blobs;
    this.buffers = buffers;
    this.files = files;
    this.writeBack = writeBack;
    this.strays = strays;
    this.timer = timer;
  }

  /** Begins to make cuts by the clock. */
  void start() {
    long millis = CUT_INTERVAL.toMillis();
    var unused =
        timer.scheduleWithFixedDelay(this::cutIfNeeded, millis, millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Makes a change that cuts must not tear, when this host has the lease on the volume for itself.
   * The change must not wait for a later cut, nor ask for another change.
   */
  <T> T change(Supplier<T> change) {
    while (true) {
      lease.requireExclusive();
      awaitBatchRoom();
      gate.readLock().lock();
      try {
        if (lease.isExclusive()) {
          return change.get();
        }
      } finally {
        gate.readLock().unlock();
      }
    }
  }

  /** As {@link #change}, of something that returns nothing. */
  void run(Runnable change) {
    boolean unused = change(() -> {
      change.run();
      return true;
    });
  }

  /** As {@link #change} if this host has the lease anyway; else null, and nothing was done. */
  <T> @Nullable T tryChange(Supplier<T> change) {
    if (!lease.isExclusive()) {
      return null;
    }
    gate.readLock().lock();
    try {
      return lease.isExclusive() ? change.get() : null;
    } finally {
      gate.readLock().unlock();
    }
  }

  /** As {@link #tryChange}; returns whether it was done. */
  boolean tryRun(Runnable change) {
    Boolean done = tryChange(() -> {
      change.run();
      return true;
    });
    return done != null;
  }

  /**
   * The file has something pending: the next cut takes it. To be called within the change that made
   * it so.
   */
  void addPending(ActiveFile file) {
    pendingFiles.add(file);
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
   * @return completes when that cut is durable; exceptionally with a PosixException if it cannot be
   */
  CompletableFuture<Void> requestCut() {
    long seen = begun.get();
    while (true) {
      if (hasWork()) {
        lease.requireExclusive();
      }
      preparing.lock();
      try {
        // a cut that began after this call took the gate after it, too: it has what the caller
        // wants
        CompletableFuture<Void> cut = begun.get() > seen ? newest : prepareCut();
        if (cut != null) {
          return cut;
        }
      } finally {
        preparing.unlock();
      }
    }
  }

  /**
   * Others are to have their turn: a last cut, with which the lease goes but for {@code keep}.
   * Changes wait from then on.
   */
  void giveWay(LeaseMode keep) {
    preparing.lock();
    try {
      List<FrozenFile> frozen;
      Cut cut;
      gate.writeLock().lock();
      try {
        cut = session.release(keep);
        if (cut == null) {
          return;
        }
        begun.incrementAndGet();
        frozen = freeze();
      } finally {
        gate.writeLock().unlock();
      }
      // others wait: what cannot be stored must not keep the lease here
      newest = commit(cut, frozen, writeBack.store(frozen));
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
      gate.writeLock().lock();
      try {
        losers.addAll(pendingFiles);
        uncommitted.values().forEach(losers::addAll);
        pendingFiles.clear();
        uncommitted.clear();
        newest = CompletableFuture.completedFuture(null);
        losers.forEach(ActiveFile::lose);
        renew.run();
      } finally {
        gate.writeLock().unlock();
      }
    } finally {
      preparing.unlock();
    }
    losers.forEach(files::retire);
    return losers.stream().map(ActiveFile::number).toList();
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

  /** A last cut, awaited. */
  @Override
  public void close() {
    Commits.await(requestCut());
    throwStoreFailure();
  }

  private boolean hasWork() {
    return !pendingFiles.isEmpty() || session.pendingOperations() > 0;
  }

  /** Holds {@link #preparing}. Null if there is something to commit and the lease is gone. */
  private @Nullable CompletableFuture<Void> prepareCut() {
    if (!hasWork()) {
      return newest;
    }
    List<FrozenFile> frozen;
    Cut cut;
    gate.writeLock().lock();
    try {
      if (!lease.isExclusive()) {
        return null;
      }
      begun.incrementAndGet();
      frozen = freeze();
      cut = session.cut();
    } finally {
      gate.writeLock().unlock();
    }
    Map<ActiveFile, PosixException> failures = writeBack.store(frozen);
    newest =
        writeBack.isToBeAwaited() ? takeBack(cut, frozen, failures) : commit(cut, frozen, failures);
    return newest;
  }

  private CompletableFuture<Void> takeBack(
      Cut cut, List<FrozenFile> frozen, Map<ActiveFile, PosixException> failures) {
    cut.takeBack();
    frozen.forEach(file -> postpone(file.file(), failures.get(file.file())));
    PosixException first = failures.values().iterator().next();
    return CompletableFuture.failedFuture(
        new PosixException(first.errno(), "bytes written before cannot be stored", first));
  }

  /** Holds the gate exclusively. */
  private List<FrozenFile> freeze() {
    List<FrozenFile> frozen = new ArrayList<>();
    List<ActiveFile> pending = new ArrayList<>(pendingFiles);
    pendingFiles.clear();
    for (ActiveFile file : pending) {
      FrozenFile state = file.freeze();
      if (state != null) {
        frozen.add(state);
      } else {
        files.retire(file);
      }
    }
    return frozen;
  }

  private void postpone(ActiveFile file, @Nullable PosixException failure) {
    file.postpone(failure);
    if (!files.exists(file.number())) {
      file.discard(); // removed meanwhile: nobody wants its bytes
    }
    keepIfPending(file);
  }

  private void keepIfPending(ActiveFile file) {
    if (file.isPending()) {
      pendingFiles.add(file);
    } else {
      files.retire(file);
    }
  }

  /** Commits everything but the bytes of the files with failures, which are for the next cut. */
  private CompletableFuture<Void> commit(
      Cut cut, List<FrozenFile> frozen, Map<ActiveFile, PosixException> failures) {
    List<FileUpdate> updates = new ArrayList<>(frozen.size());
    Map<ActiveFile, List<BlobRef>> pinned = new HashMap<>();
    for (FrozenFile file : frozen) {
      if (!failures.containsKey(file.file())) {
        updates.add(file.toUpdate());
        pinned.put(file.file(), file.refs());
      }
    }
    long number = begun.get();
    if (!frozen.isEmpty()) {
      uncommitted.put(number, frozen.stream().map(FrozenFile::file).toList());
    }
    CompletableFuture<Void> committed = cut.commit(updates);
    for (FrozenFile file : frozen) {
      PosixException failure = failures.get(file.file());
      if (failure == null) {
        file.file().settle(file);
        keepIfPending(file.file());
      } else {
        postpone(file.file(), failure);
      }
    }
    var unused = committed.whenComplete((done, error) -> {
      pinned.forEach(this::unpin);
      if (error == null) {
        // cuts commit in order, also those whose waiters were told that the log has no room
        uncommitted.headMap(number, true).clear();
      }
    });
    return committed;
  }

  /** The metadata has the blobs, unless it dropped the update because the file is gone. */
  private void unpin(ActiveFile file, List<BlobRef> refs) {
    refs.forEach(files.exists(file.number()) ? blobs::unpin : strays::add);
  }

  private void cutIfNeeded() {
    earlyCutAsked.set(false);
    try {
      if (hasWork()) {
        var unused = requestCut();
      }
    } catch (RuntimeException e) {
      log.error("A periodic cut failed; the next one tries again", e);
    }
  }

  private void askEarlyCut() {
    if (earlyCutAsked.compareAndSet(false, true)) {
      timer.execute(this::cutIfNeeded);
    }
  }

  private void awaitBatchRoom() {
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
