package org.cairnfs.vfs;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the kernel forget what other hosts changed, on a thread of its own: the kernel lets an
 * invalidation wait while a program reads or writes the pages, and that program may be waiting for
 * the lease.
 *
 * <p>So reads and writes must not wait for invalidations; whoever opens a file or asks for its
 * attributes must, while it holds nothing others need. Thread-safe.
 */
final class Invalidations implements AutoCloseable {
  /** A program that keeps pages busy must not keep all others from opening files. */
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(Invalidations.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}, as are the next three. */
  private Set<InodeNumber> queue = new LinkedHashSet<>();

  private @Nullable Thread thread;
  private boolean shared;
  private boolean closed;

  private volatile KernelCaches caches = KernelCaches.NONE;
  private volatile boolean idle = true;

  /** From now on these are the caches. */
  void connect(KernelCaches newCaches) {
    lock.lock();
    try {
      caches = newCaches;
      Duration unused = newCaches.setShared(shared);
    } finally {
      lock.unlock();
    }
  }

  /** See {@link KernelCaches#setShared}. */
  Duration setShared(boolean nowShared) {
    lock.lock();
    try {
      shared = nowShared;
      return caches.setShared(nowShared);
    } finally {
      lock.unlock();
    }
  }

  /** Has the kernel forget these inodes soon. Does not wait. */
  void add(Collection<InodeNumber> inodes) {
    lock.lock();
    try {
      if (closed || inodes.isEmpty()) {
        return;
      }
      idle = false;
      queue.addAll(inodes);
      if (thread == null) {
        thread = new Thread(this::run, "invalidate");
        thread.setDaemon(true);
        thread.start();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing is left to be forgotten. */
  boolean isIdle() {
    return idle;
  }

  /** Waits until nothing is left to be forgotten, or for long enough. */
  void await() {
    lock.lock();
    try {
      long nanos = LIMIT.toNanos();
      while (!idle && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EINTR, "interrupted while the kernel forgets pages", e);
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    for (List<InodeNumber> next = next(); !next.isEmpty(); next = next()) {
      for (InodeNumber inode : next) {
        try {
          caches.invalidate(inode);
        } catch (RuntimeException e) {
          log.error("the kernel may go on to show old bytes of inode {}", inode, e);
        }
      }
    }
  }

  /** Waits for something to forget; empty at the end. */
  private List<InodeNumber> next() {
    lock.lock();
    try {
      while (queue.isEmpty() && !closed) {
        idle = true;
        changed.signalAll();
        changed.awaitUninterruptibly();
      }
      List<InodeNumber> next = closed ? List.of() : List.copyOf(queue);
      queue = new LinkedHashSet<>();
      return next;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      idle = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
