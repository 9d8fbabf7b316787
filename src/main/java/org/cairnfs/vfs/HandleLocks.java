package org.cairnfs.vfs;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * What locks were taken through one open(2), as far as to know whether some were lost.
 *
 * <p>A program that reads, and then writes what depends on what it read, relies on the lock that it
 * holds in between. When the session was ended meanwhile, somebody else may have had the lock: so
 * nothing is read, written or locked through this any more until the program has let go of what it
 * believes to hold. NFS clients do the same (fcntl_locking(2), "lost locks"). Thread-safe.
 */
final class HandleLocks {
  /** Around all that is held or asked for; null if nothing is. Guarded by this, as is the other. */
  private @Nullable Range held;

  private boolean lost;

  private static final class Range {
    private final long start;
    private final long end;

    Range(long start, long end) {
      this.start = start;
      this.end = end;
    }
  }

  /**
   * Locks or unlocks.
   *
   * @param ask what asks for {@code wanted}
   */
  CompletableFuture<Void> lock(FileLock wanted, Supplier<CompletableFuture<Void>> ask) {
    if (wanted.kind() == FileLock.Kind.UNLOCK) {
      unlock(wanted.start(), wanted.end());
      return ask.get();
    }
    Range before;
    Range after;
    synchronized (this) {
      requireHeld();
      before = held;
      after = before == null
          ? new Range(wanted.start(), wanted.end())
          : new Range(Math.min(before.start, wanted.start()), Math.max(before.end, wanted.end()));
      held = after;
    }
    CompletableFuture<Void> answer;
    try {
      answer = ask.get();
    } catch (RuntimeException e) {
      refused(before, after);
      throw e;
    }
    var unused = answer.whenComplete((done, error) -> {
      if (error != null) {
        refused(before, after);
      }
    });
    return answer;
  }

  private synchronized void refused(@Nullable Range before, Range after) {
    if (held == after) {
      held = before;
      lost &= before != null;
    }
  }

  private synchronized void unlock(long start, long end) {
    if (held == null || (start <= held.start && end >= held.end)) {
      held = null;
      lost = false;
    }
  }

  /** Everything was given back. */
  void unlockAll() {
    unlock(0, Long.MAX_VALUE);
  }

  /** The session was ended by others, and all locks with it. */
  synchronized void lose() {
    lost |= held != null;
  }

  /** @throws PosixException if locks were lost that the program believes to hold */
  synchronized void requireHeld() {
    if (lost) {
      throw new PosixException(Errno.EIO, "a lock of this open file was lost with the session");
    }
  }
}
