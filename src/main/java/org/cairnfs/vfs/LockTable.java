package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * Advisory locks of one kind (fcntl ranges, or flock as a range over everything) by inode and
 * owner.
 *
 * <p>Waiters are served in the order they came, without holding a thread. Thread-safe: one monitor
 * guards everything; futures are completed outside it.
 */
final class LockTable {
  private final boolean whole;
  private final Map<InodeNumber, InodeLocks> inodes = new HashMap<>();

  /** @param whole of flock(2), not of fcntl(2) */
  LockTable(boolean whole) {
    this.whole = whole;
  }

  /** A held range. */
  private record Held(long owner, FileLock lock) {}

  /** A request that waits. */
  private record Waiter(long owner, FileLock lock, CompletableFuture<Void> granted) {}

  private static final class InodeLocks {
    final List<Held> held = new ArrayList<>();
    final List<Waiter> waiting = new ArrayList<>();
  }

  /**
   * A lock that is held, or asked for.
   *
   * @param waiting what its grant completes; null if it is held
   */
  record Entry(
      InodeNumber inode,
      long owner,
      FileLock lock,
      @Nullable CompletableFuture<Void> waiting) {}

  /** Takes everything out, of each inode what is held first. Nobody's future is completed. */
  synchronized List<Entry> drain() {
    List<Entry> entries = new ArrayList<>();
    inodes.forEach((inode, locks) -> {
      locks.held.forEach(held -> entries.add(new Entry(inode, held.owner, held.lock, null)));
      locks.waiting.forEach(
          waiter -> entries.add(new Entry(inode, waiter.owner, waiter.lock, waiter.granted)));
    });
    inodes.clear();
    return entries;
  }

  /** A lock of somebody else that {@code wanted} would conflict with, or null. */
  synchronized @Nullable FileLock conflict(InodeNumber inode, long owner, FileLock wanted) {
    InodeLocks locks = inodes.get(inode);
    Held blocker = locks == null ? null : blocker(locks, owner, wanted);
    return blocker == null ? null : blocker.lock;
  }

  /**
   * Sets, replaces or (UNLOCK) removes the owner's lock on a range, as fcntl(2) does: splitting and
   * merging its own ranges. As flock(2) does, which converts a lock in two steps: one that has to
   * wait lets go of what it had, so that two owners of a shared lock can both ask for it alone.
   *
   * @return completes when done; fails with EAGAIN when it conflicts and {@code wait} is false,
   *     with EDEADLK when waiting would never end; cancelling it gives up the wait
   */
  CompletableFuture<Void> lock(InodeNumber inode, long owner, FileLock wanted, boolean wait) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    List<Waiter> granted;
    synchronized (this) {
      InodeLocks locks = inodes.computeIfAbsent(inode, absent -> new InodeLocks());
      Held blocker = wanted.kind() == FileLock.Kind.UNLOCK ? null : blocker(locks, owner, wanted);
      if (blocker != null) {
        if (!wait) {
          return failed(Errno.EAGAIN, "lock held by another process");
        }
        if (whole) {
          apply(locks, owner, unlocking(wanted));
          granted = grantWaiters(inode, locks);
        } else if (wouldDeadlock(owner, blocker.owner)) {
          return failed(Errno.EDEADLK, "waiting for this lock would be a deadlock");
        } else {
          granted = List.of();
        }
        locks.waiting.add(new Waiter(owner, wanted, result));
      } else {
        apply(locks, owner, wanted);
        granted = grantWaiters(inode, locks);
      }
    }
    if (wait) {
      var unused = result.whenComplete((done, error) -> {
        if (result.isCancelled()) {
          giveUp(inode, result);
        }
      });
    }
    granted.forEach(waiter -> complete(inode, waiter));
    if (!isWaiting(inode, result)) {
      result.complete(null);
    }
    return result;
  }

  /** Removes all locks of an owner on the inode. */
  void unlockAll(InodeNumber inode, long owner) {
    synchronized (this) {
      InodeLocks locks = inodes.get(inode);
      if (locks == null) {
        return;
      }
    }
    var unused =
        lock(inode, owner, new FileLock(FileLock.Kind.UNLOCK, 0, Long.MAX_VALUE, 0), false);
  }

  private static CompletableFuture<Void> failed(Errno errno, String why) {
    return CompletableFuture.failedFuture(new PosixException(errno, why));
  }

  private synchronized boolean isWaiting(InodeNumber inode, CompletableFuture<Void> result) {
    InodeLocks locks = inodes.get(inode);
    return locks != null && locks.waiting.stream().anyMatch(waiter -> waiter.granted == result);
  }

  /** A waiter may have been cancelled in the moment it was granted: then its lock must go again. */
  private void complete(InodeNumber inode, Waiter waiter) {
    if (!waiter.granted.complete(null) && waiter.granted.isCancelled()) {
      var unused = lock(inode, waiter.owner, unlocking(waiter.lock), false);
    }
  }

  private static FileLock unlocking(FileLock lock) {
    return new FileLock(FileLock.Kind.UNLOCK, lock.start(), lock.end(), lock.pid());
  }

  private void giveUp(InodeNumber inode, CompletableFuture<Void> result) {
    List<Waiter> granted = List.of();
    synchronized (this) {
      InodeLocks locks = inodes.get(inode);
      if (locks != null && locks.waiting.removeIf(waiter -> waiter.granted == result)) {
        granted = grantWaiters(inode, locks);
      }
    }
    granted.forEach(waiter -> complete(inode, waiter));
  }

  private static @Nullable Held blocker(InodeLocks locks, long owner, FileLock wanted) {
    for (Held held : locks.held) {
      boolean overlaps = held.lock.start() <= wanted.end() && wanted.start() <= held.lock.end();
      boolean exclusive =
          held.lock.kind() == FileLock.Kind.EXCLUSIVE || wanted.kind() == FileLock.Kind.EXCLUSIVE;
      if (held.owner != owner && overlaps && exclusive) {
        return held;
      }
    }
    return null;
  }

  /** Follows who waits for whom from {@code holder}: does the chain lead back to {@code owner}? */
  private boolean wouldDeadlock(long owner, long holder) {
    Set<Long> seen = new HashSet<>();
    List<Long> next = new ArrayList<>(List.of(holder));
    while (!next.isEmpty()) {
      long current = next.remove(next.size() - 1);
      if (current == owner) {
        return true;
      }
      if (!seen.add(current)) {
        continue;
      }
      for (InodeLocks locks : inodes.values()) {
        for (Waiter waiter : locks.waiting) {
          Held blocker = waiter.owner == current ? blocker(locks, current, waiter.lock) : null;
          if (blocker != null) {
            next.add(blocker.owner);
          }
        }
      }
    }
    return false;
  }

  private static void apply(InodeLocks locks, long owner, FileLock wanted) {
    long start = wanted.start();
    long end = wanted.end();
    List<Held> rest = new ArrayList<>();
    for (Iterator<Held> all = locks.held.iterator(); all.hasNext(); ) {
      Held held = all.next();
      FileLock lock = held.lock;
      if (held.owner != owner || lock.end() < wanted.start() || lock.start() > wanted.end()) {
        continue;
      }
      all.remove();
      if (lock.kind() == wanted.kind()) {
        start = Math.min(start, lock.start());
        end = Math.max(end, lock.end());
        continue;
      }
      if (lock.start() < wanted.start()) {
        rest.add(new Held(
            owner, new FileLock(lock.kind(), lock.start(), wanted.start() - 1, lock.pid())));
      }
      if (lock.end() > wanted.end()) {
        rest.add(
            new Held(owner, new FileLock(lock.kind(), wanted.end() + 1, lock.end(), lock.pid())));
      }
    }
    locks.held.addAll(rest);
    if (wanted.kind() != FileLock.Kind.UNLOCK) {
      locks.held.add(new Held(owner, new FileLock(wanted.kind(), start, end, wanted.pid())));
    }
  }

  /** Grants, in order, what no longer conflicts; drops the inode's entry when nothing is left. */
  private List<Waiter> grantWaiters(InodeNumber inode, InodeLocks locks) {
    List<Waiter> granted = new ArrayList<>();
    for (Iterator<Waiter> all = locks.waiting.iterator(); all.hasNext(); ) {
      Waiter waiter = all.next();
      if (blocker(locks, waiter.owner, waiter.lock) == null) {
        all.remove();
        apply(locks, waiter.owner, waiter.lock);
        granted.add(waiter);
      }
    }
    if (locks.held.isEmpty() && locks.waiting.isEmpty()) {
      inodes.remove(inode);
    }
    return granted;
  }
}
