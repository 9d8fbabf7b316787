package org.cairnfs.vfs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.LockRequest;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Needs;
import org.cairnfs.meta.SessionLocks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Advisory locks: in memory while this host is alone with the volume, in the replicated state as
 * soon as it has shared the volume with others.
 *
 * <p>Whoever lets go of a lock in the replicated state, or of a part of it, commits first what was
 * changed on its host: so the next owner sees all of that, in whatever file. Thread-safe.
 */
final class FileLocks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileLocks.class);

  /** How long a lock that is not to wait may take. */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Threads that bring granted locks to their programs; they wait for leases. */
  private static final int THREADS = 4;

  private static final long IDLE_SECONDS = 10;

  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  private final Leases leases;
  private final SessionLocks replicated;
  private final LeasedReads reads;
  private final Committer committer;
  private final LockTable ranges = new LockTable(false);
  private final LockTable wholes = new LockTable(true);
  private final ThreadPoolExecutor threads;

  /** Held exclusively to leave the tables of this host for good. */
  private final ReadWriteLock leaving = new ReentrantReadWriteLock();

  /** Whether locks are in the replicated state. Guarded by {@link #leaving}. */
  private boolean shared;

  /** Whether whoever was alone with the volume before has shared its locks. */
  private volatile boolean introduced;

  /** Who may have replicated locks. */
  private final Set<Owner> owners = ConcurrentHashMap.newKeySet();

  private record Owner(InodeNumber inode, long owner, boolean whole) {}

  FileLocks(MetaSession session, LeasedReads reads, Committer committer) {
    this.leases = session.leases();
    this.committer = committer;
    this.replicated = session.locks();
    this.reads = reads;
    this.shared = !leases.isAlone();
    ThreadFactory factory = Executors.defaultThreadFactory();
    this.threads = new ThreadPoolExecutor(
        THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
          Thread thread = factory.newThread(task);
          thread.setName("locks");
          thread.setDaemon(true);
          return thread;
        });
    threads.allowCoreThreadTimeOut(true);
  }

  private LockTable table(boolean whole) {
    return whole ? wholes : ranges;
  }

  /**
   * See {@link LockTable#lock}.
   *
   * @param whole of flock(2), not of fcntl(2)
   */
  CompletableFuture<Void> lock(
      OpenFile open, long owner, FileLock wanted, boolean whole, boolean wait) {
    return open.locks().lock(wanted, () -> lock(open.file().number(), owner, wanted, whole, wait));
  }

  private CompletableFuture<Void> lock(
      InodeNumber inode, long owner, FileLock wanted, boolean whole, boolean wait) {
    leaving.readLock().lock();
    try {
      if (!shared) {
        return table(whole).lock(inode, owner, wanted, wait);
      }
    } finally {
      leaving.readLock().unlock();
    }
    LockRequest request = request(owner, wanted, whole, wait);
    if (wanted.kind() == FileLock.Kind.UNLOCK) {
      return unlock(inode, request);
    }
    introduce(inode);
    boolean mayHaveMore = !owners.add(new Owner(inode, owner, whole));
    if (mayHaveMore && (wanted.kind() == FileLock.Kind.SHARED || (whole && wait))) {
      commitChanges(); // others may have now what it had alone, or all of it while it waits
    }
    CompletableFuture<Void> granted = replicated.set(inode, request);
    if (!wait) {
      var unused = granted.orTimeout(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    }
    CompletableFuture<Void> result = new CompletableFuture<>();
    handOver(inode, request, granted, result);
    return wait ? result : awaited(result);
  }

  /**
   * Others can have it once this completes; EIO if the log does not take notice. What was changed
   * here goes into the log before.
   */
  private CompletableFuture<Void> unlock(InodeNumber inode, LockRequest request) {
    commitChanges();
    return replicated
        .unlock(inode, request)
        .orTimeout(LIMIT.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(late -> {
          throw new PosixException(Errno.EIO, "the lock is not let go of yet", late);
        });
  }

  /** What was changed here is in the log before what this thread proposes next. */
  private void commitChanges() {
    try {
      var unused = committer.requestCut();
    } catch (PosixException e) {
      LOG.debug("what was changed under a lock is not committed: whoever syncs is told", e);
    }
  }

  /** Whoever does not want to wait for others gets its answer at once. */
  private static CompletableFuture<Void> awaited(CompletableFuture<Void> result) {
    try {
      result.join();
      return result;
    } catch (CompletionException e) {
      return CompletableFuture.failedFuture(e.getCause() == null ? e : e.getCause());
    }
  }

  /**
   * While another host that was alone has not given the first lease up, its locks are not in the
   * replicated state.
   */
  private void introduce(InodeNumber inode) {
    if (introduced) {
      return;
    }
    Needs needs = leases.needs();
    needs.read(inode);
    leases.requireRead(needs);
    if (needs.areGivenUp()) {
      throw new PosixException(Errno.EIO, "without a quorum nobody knows who has the lock");
    }
    introduced = true;
  }

  /** Once granted, and once this host has what was written before, the program may have it. */
  private void handOver(
      InodeNumber inode,
      LockRequest request,
      CompletableFuture<Void> granted,
      CompletableFuture<Void> result) {
    var unused = result.whenComplete((done, error) -> {
      if (result.isCancelled()) {
        granted.cancel(false);
      }
    });
    var unusedToo = granted.whenComplete((done, error) -> {
      if (error == null) {
        threads.execute(() -> handOver(inode, request, result));
      } else {
        result.completeExceptionally(
            error instanceof PosixException
                ? error
                : new PosixException(Errno.EIO, "the lock could not be had", error));
      }
    });
  }

  private void handOver(InodeNumber inode, LockRequest request, CompletableFuture<Void> result) {
    try {
      boolean unused = reads.read(needs -> {
        needs.read(inode);
        return true;
      });
      reads.awaitForgotten(); // it may read other files that it has open, too
    } finally {
      if (!result.complete(null)) {
        var unused = replicated.unlock(inode, request); // given up in this moment
      }
    }
  }

  /** See {@link Vfs#conflictingLock}. */
  @Nullable
  FileLock conflict(InodeNumber inode, long owner, FileLock wanted) {
    leaving.readLock().lock();
    try {
      if (!shared) {
        return ranges.conflict(inode, owner, wanted);
      }
    } finally {
      leaving.readLock().unlock();
    }
    LockRequest other = reads.read(needs -> {
      needs.read(inode);
      return replicated.conflict(inode, request(owner, wanted, false, false));
    });
    return other == null
        ? null
        : new FileLock(
            other.kind() == LockRequest.Kind.EXCLUSIVE
                ? FileLock.Kind.EXCLUSIVE
                : FileLock.Kind.SHARED,
            other.start(),
            other.end(),
            other.pid());
  }

  /**
   * Removes all locks of an owner on the inode.
   *
   * @return completes when others can have them
   */
  CompletableFuture<Void> unlockAll(InodeNumber inode, long owner, boolean whole) {
    leaving.readLock().lock();
    try {
      if (!shared) {
        table(whole).unlockAll(inode, owner);
        return NOTHING;
      }
    } finally {
      leaving.readLock().unlock();
    }
    if (!owners.remove(new Owner(inode, owner, whole))) {
      return NOTHING;
    }
    FileLock all = new FileLock(FileLock.Kind.UNLOCK, 0, Long.MAX_VALUE, 0);
    return unlock(inode, request(owner, all, whole, false));
  }

  /** Leaves the tables of this host; returns what was in them. */
  List<SessionLocks.Shared> share() {
    leaving.writeLock().lock();
    try {
      if (shared) {
        return List.of();
      }
      shared = true;
      List<SessionLocks.Shared> locks = new ArrayList<>();
      ranges.drain().forEach(entry -> locks.add(share(entry, false)));
      wholes.drain().forEach(entry -> locks.add(share(entry, true)));
      return locks;
    } finally {
      leaving.writeLock().unlock();
    }
  }

  private SessionLocks.Shared share(LockTable.Entry entry, boolean whole) {
    owners.add(new Owner(entry.inode(), entry.owner(), whole));
    CompletableFuture<Void> result = entry.waiting();
    LockRequest request = request(entry.owner(), entry.lock(), whole, result != null);
    if (result == null) {
      return new SessionLocks.Shared(entry.inode(), request, null);
    }
    CompletableFuture<Void> granted = new CompletableFuture<>();
    handOver(entry.inode(), request, granted, result);
    return new SessionLocks.Shared(entry.inode(), request, granted);
  }

  /** The session was ended by others, and all locks with it. */
  void lose() {
    introduced = false;
    owners.clear();
    for (SessionLocks.Shared local : share()) {
      CompletableFuture<Void> waiting = local.granted();
      if (waiting != null) {
        waiting.completeExceptionally(
            new PosixException(Errno.EIO, "locks were lost with the session"));
      }
    }
  }

  private static LockRequest request(long owner, FileLock lock, boolean whole, boolean wait) {
    LockRequest.Kind kind = switch (lock.kind()) {
      case SHARED -> LockRequest.Kind.SHARED;
      case EXCLUSIVE -> LockRequest.Kind.EXCLUSIVE;
      case UNLOCK -> LockRequest.Kind.UNLOCK;
    };
    return new LockRequest(owner, whole, kind, lock.start(), lock.end(), lock.pid(), wait, 0);
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
