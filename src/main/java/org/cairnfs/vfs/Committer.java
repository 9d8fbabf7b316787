package org.cairnfs.vfs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Cut;
import org.cairnfs.meta.FileUpdate;
import org.cairnfs.meta.MetaSession;
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
 * <p>Whoever needs durability {@linkplain #requestCut asks for a cut} and waits for its future;
 * those who ask while a cut is being prepared share the next one. Otherwise there is a cut every
 * {@link #CUT_INTERVAL}, or earlier when much has piled up.
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

  /** How long fsync waits for the quorum before it fails. */
  private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(Committer.class);

  private final MetaSession session;
  private final BlockStore blobs;
  private final BufferPool buffers;
  private final ActiveFiles files;
  private final WriteBack writeBack;
  private final StrayBlobs strays;
  private final ScheduledExecutorService timer;
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private final Set<ActiveFile> pendingFiles = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean earlyCutAsked = new AtomicBoolean();

  /** Held while a cut is prepared, up to its proposal. */
  private final ReentrantLock preparing = new ReentrantLock();

  /** Cuts begun; written under {@link #preparing}, before the gate is taken. */
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

  /** Makes a change that cuts must not tear. The change must not wait for a later cut. */
  <T> T change(Supplier<T> change) {
    awaitBatchRoom();
    gate.readLock().lock();
    try {
      return change.get();
    } finally {
      gate.readLock().unlock();
    }
  }

  /** As {@link #change}, of something that returns nothing. */
  void run(Runnable change) {
    awaitBatchRoom();
    gate.readLock().lock();
    try {
      change.run();
    } finally {
      gate.readLock().unlock();
    }
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
    if (buffers.awaitBelow(DIRTY_LIMIT_BYTES, COMMIT_TIMEOUT, () -> writeBack.failure() != null)) {
      return;
    }
    PosixException failure = writeBack.failure();
    throw failure != null
        ? new PosixException(
            failure.errno(), "write buffers are full and cannot be written back", failure)
        : new PosixException(Errno.EIO, "write buffers did not drain within " + COMMIT_TIMEOUT);
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
    preparing.lock();
    try {
      // a cut that began after this call took the gate after it, too: it has what the caller wants
      return begun.get() > seen ? newest : prepareCut();
    } finally {
      preparing.unlock();
    }
  }

  /**
   * Waits for a cut. @throws PosixException what went wrong, or EIO after {@link #COMMIT_TIMEOUT}
   */
  static void await(CompletableFuture<Void> cut) {
    try {
      cut.get(COMMIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw WriteBack.asPosix(e.getCause() != null ? e.getCause() : e);
    } catch (TimeoutException e) {
      throw new PosixException(Errno.EIO, "not committed within " + COMMIT_TIMEOUT, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EINTR, "interrupted while waiting for a commit", e);
    }
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
    await(requestCut());
    throwStoreFailure();
  }

  private boolean hasWork() {
    return !pendingFiles.isEmpty() || session.pendingOperations() > 0;
  }

  /** Holds {@link #preparing}. */
  private CompletableFuture<Void> prepareCut() {
    if (!hasWork()) {
      return newest;
    }
    List<FrozenFile> frozen = new ArrayList<>();
    Cut cut;
    begun.incrementAndGet();
    gate.writeLock().lock();
    try {
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
      cut = session.cut();
    } finally {
      gate.writeLock().unlock();
    }
    newest = storeAndCommit(cut, frozen);
    return newest;
  }

  private CompletableFuture<Void> storeAndCommit(Cut cut, List<FrozenFile> frozen) {
    Map<ActiveFile, PosixException> failures = writeBack.store(frozen);
    List<FileUpdate> updates = new ArrayList<>(frozen.size());
    Map<ActiveFile, List<BlobRef>> pinned = new HashMap<>();
    for (FrozenFile file : frozen) {
      if (!failures.containsKey(file.file())) {
        updates.add(file.toUpdate());
        pinned.put(file.file(), file.refs());
      }
    }
    CompletableFuture<Void> committed = cut.commit(updates);
    for (FrozenFile file : frozen) {
      file.file().settle(file, failures.get(file.file()));
      if (file.file().isPending()) {
        pendingFiles.add(file.file());
      } else {
        files.retire(file.file());
      }
    }
    var unused = committed.whenComplete((done, error) -> pinned.forEach(this::unpin));
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
      // a failure of the cut is reported where it belongs; here only time matters
      await(requestCut().handle((done, error) -> null));
    }
  }
}
