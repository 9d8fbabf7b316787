package org.cairnfs.vfs;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the kernel forget what other hosts changed, on a thread of its own: the kernel lets an
 * invalidation wait while a program reads or writes the pages, and that program may be waiting for
 * a lease.
 *
 * <p>So reads and writes must not wait for invalidations; whoever opens a file or asks for its
 * attributes must, while it holds nothing others need. Thread-safe.
 */
final class Invalidations implements AutoCloseable {
  /** A program that keeps pages busy must not keep all others from opening files. */
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Invalidations.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by {@link #lock}, as are the next four. */
  private final Set<InodeNumber> queue = new LinkedHashSet<>();

  /** What is being forgotten. */
  private @Nullable InodeNumber current;

  private @Nullable Thread thread;
  private Duration timeout = Duration.ZERO;
  private boolean closed;

  private volatile KernelCaches caches = KernelCaches.NONE;
  private volatile boolean idle = true;

  /** From now on these are the caches. */
  void connect(KernelCaches newCaches) {
    lock.lock();
    try {
      caches = newCaches;
      Duration unused = newCaches.setTimeout(timeout);
    } finally {
      lock.unlock();
    }
  }

  /** See {@link KernelCaches#setTimeout}. */
  Duration setTimeout(Duration most) {
    lock.lock();
    try {
      timeout = most;
      return caches.setTimeout(most);
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

  /** Waits until nothing is left to be forgotten, or for long enough. */
  void await() {
    await(() -> !idle);
  }

  /** The same for these inodes, or for all if none is named. */
  void await(InodeNumber[] inodes) {
    if (!idle) {
      await(
          () -> inodes.length == 0 ? !idle : Arrays.stream(inodes).anyMatch(this::isToBeForgotten));
    }
  }

  private boolean isToBeForgotten(InodeNumber inode) {
    return queue.contains(inode) || inode.equals(current);
  }

  /** @param busy called with {@link #lock} held */
  private void await(BooleanSupplier busy) {
    lock.lock();
    try {
      long nanos = LIMIT.toNanos();
      while (busy.getAsBoolean() && nanos > 0) {
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
    for (InodeNumber next = next(); next != null; next = next()) {
      try {
        caches.invalidate(next);
      } catch (RuntimeException e) {
        LOG.error("the kernel may go on to show old bytes of inode {}", next, e);
      }
    }
  }

  /** Waits for something to forget; null at the end. */
  private @Nullable InodeNumber next() {
    lock.lock();
    try {
      if (current != null) {
        current = null;
        changed.signalAll();
      }
      while (queue.isEmpty() && !closed) {
        idle = true;
        changed.signalAll();
        changed.awaitUninterruptibly();
      }
      if (closed) {
        queue.clear();
        return null;
      }
      Iterator<InodeNumber> first = queue.iterator();
      current = first.next();
      first.remove();
      return current;
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
      queue.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
