package org.cairnfs.fuse;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.FileLock.Kind;
import org.jspecify.annotations.Nullable;

/** The locks of one file, of one kind (fcntl or flock), in memory. Thread-safe. */
final class MemoryLocks {
  private record Held(long owner, FileLock lock) {}

  private record Waiting(long owner, FileLock wanted, CompletableFuture<Void> future) {}

  private final List<Held> held = new ArrayList<>();
  private final List<Waiting> waiting = new ArrayList<>();

  synchronized @Nullable FileLock conflict(long owner, FileLock wanted) {
    for (Held other : held) {
      boolean overlaps = other.lock.start() <= wanted.end() && wanted.start() <= other.lock.end();
      boolean exclusive = other.lock.kind() == Kind.EXCLUSIVE || wanted.kind() == Kind.EXCLUSIVE;
      if (other.owner != owner && overlaps && exclusive) {
        return other.lock;
      }
    }
    return null;
  }

  synchronized CompletableFuture<Void> lock(long owner, FileLock wanted, boolean wait) {
    if (wanted.kind() == Kind.UNLOCK) {
      subtract(owner, wanted);
      grantWaiting();
      return CompletableFuture.completedFuture(null);
    }
    if (conflict(owner, wanted) == null) {
      subtract(owner, wanted);
      held.add(new Held(owner, wanted));
      return CompletableFuture.completedFuture(null);
    }
    if (!wait) {
      return CompletableFuture.failedFuture(new PosixException(Errno.EAGAIN, "locked"));
    }
    CompletableFuture<Void> future = new CompletableFuture<>();
    waiting.add(new Waiting(owner, wanted, future));
    return future;
  }

  void release(long owner) {
    lock(owner, new FileLock(Kind.UNLOCK, 0, Long.MAX_VALUE, 0), false).join();
  }

  synchronized int waiting() {
    waiting.removeIf(waiter -> waiter.future.isDone());
    return waiting.size();
  }

  synchronized int held() {
    return held.size();
  }

  private void subtract(long owner, FileLock range) {
    for (Held mine : List.copyOf(held)) {
      FileLock lock = mine.lock;
      if (mine.owner != owner || lock.end() < range.start() || range.end() < lock.start()) {
        continue;
      }
      held.remove(mine);
      if (lock.start() < range.start()) {
        held.add(new Held(
            owner, new FileLock(lock.kind(), lock.start(), range.start() - 1, lock.pid())));
      }
      if (range.end() < lock.end()) {
        held.add(
            new Held(owner, new FileLock(lock.kind(), range.end() + 1, lock.end(), lock.pid())));
      }
    }
  }

  private void grantWaiting() {
    for (Waiting waiter : List.copyOf(waiting)) {
      if (waiter.future.isDone()) {
        waiting.remove(waiter);
      } else if (conflict(waiter.owner, waiter.wanted) == null) {
        waiting.remove(waiter);
        Held granted = new Held(waiter.owner, waiter.wanted);
        held.add(granted);
        if (!waiter.future.complete(null)) {
          held.remove(granted);
        }
      }
    }
  }
}
