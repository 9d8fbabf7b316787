package org.cairnfs.fuse;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.InodeNumber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mounts of this process: when bytes are changed through one, the kernel is made to forget the
 * pages that other mounts of the same vfs have of them.
 *
 * <p>The kernel lets that wait while it reads or writes such a page, which it may be doing through
 * a request that waits for us. So it is done on a thread of its own, and nobody waits for it
 * without end: whoever changed bytes waits for a moment, after which only programs that use the
 * same page through two mounts at once can still see what was there before; whoever opens a file
 * waits for longer. Thread-safe.
 */
final class Siblings {
  /** What a change waits for the pages of others: long for the kernel, short for a program. */
  private static final Duration CHANGE_LIMIT = Duration.ofMillis(20);

  private static final Duration OPEN_LIMIT = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Siblings.class);

  private final List<Session> sessions = new CopyOnWriteArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** What is to be forgotten. Guarded by {@link #lock}, as are the next three. */
  private Map<Change, Range> queue = new HashMap<>();

  /** How many changes were put into the queue, and how many of these are forgotten. */
  private long added;

  private long done;
  private boolean running;

  /** Bytes of an inode were changed through a mount. */
  private record Change(Session by, InodeNumber inode) {}

  private record Range(long from, long to) {
    Range with(Range other) {
      return new Range(Math.min(from, other.from), Math.max(to, other.to));
    }
  }

  void add(Session session) {
    sessions.add(session);
  }

  void remove(Session session) {
    sessions.remove(session);
  }

  /**
   * Bytes of {@code [from, to)} of an inode were changed through a mount. To be called before the
   * program is answered, with no lock held.
   */
  void contentsChanged(Session by, InodeNumber inode, long from, long to) {
    if (others(by).isEmpty()) {
      return;
    }
    lock.lock();
    try {
      queue.merge(new Change(by, inode), new Range(from, to), Range::with);
      added++;
      if (!running) {
        running = true;
        Thread thread = new Thread(this::run, "forget-pages");
        thread.setDaemon(true);
        thread.start();
      }
      await(CHANGE_LIMIT);
    } finally {
      lock.unlock();
    }
  }

  /** Waits, within bounds, until changes made before are seen through every mount. */
  void awaitForgotten() {
    if (sessions.size() < 2) {
      return;
    }
    lock.lock();
    try {
      await(OPEN_LIMIT);
    } finally {
      lock.unlock();
    }
  }

  /** Holds the lock. */
  private void await(Duration limit) {
    long wanted = added;
    long nanos = limit.toNanos();
    try {
      while (done < wanted && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Session> others(Session by) {
    return sessions.size() < 2
        ? List.of()
        : sessions.stream().filter(other -> other.isSiblingOf(by)).toList();
  }

  /** Ends when there is nothing left. */
  private void run() {
    while (true) {
      Map<Change, Range> next;
      long upTo;
      lock.lock();
      try {
        if (queue.isEmpty()) {
          running = false;
          return;
        }
        next = queue;
        queue = new HashMap<>();
        upTo = added;
      } finally {
        lock.unlock();
      }
      next.forEach(this::forget);
      lock.lock();
      try {
        done = upTo;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void forget(Change change, Range range) {
    for (Session other : others(change.by)) {
      try {
        other.invalidate(change.inode, range.from, range.to);
      } catch (RuntimeException e) {
        LOG.error("another mount may go on to show old bytes of inode {}", change.inode, e);
      }
    }
  }
}
