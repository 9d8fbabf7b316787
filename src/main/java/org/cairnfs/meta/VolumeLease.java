package org.cairnfs.meta;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;

/**
 * What this session holds of the lease on the volume, known from the entries that were applied
 * here; and the place where operations wait for it.
 *
 * <p>Whoever changes the volume {@linkplain #requireExclusive requires} it, and looks once more
 * {@linkplain #isExclusive whether it is held} behind the gate that {@link SessionUser#giveWay}
 * shuts. Whoever reads {@linkplain #enter enters}, reads without any lock, and sees whether it
 * {@linkplain #isStill still} holds; if not, what was read may be a mixture, and is read again.
 *
 * <p>Thread-safe. While the session holds what is wanted, this costs the read of a volatile.
 */
public final class VolumeLease {
  /** What {@link #enter} gives to who has to go on without the lease. */
  public static final long WITHOUT = -1;

  /** How long a change waits: for its turn, or for a quorum. */
  private static final Duration EXCLUSIVE_LIMIT = Duration.ofSeconds(30);

  /** How long a read waits for the log to take notice before it is content with what is here. */
  private static final Duration NOTICE_LIMIT = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(100);
  private static final long MODE_MASK = 3;
  private static final long EXCLUSIVE = LeaseMode.EXCLUSIVE.number();
  private static final int MODE_BITS = 2;

  /** The number of an entry that has none yet. */
  private static final long UNNUMBERED = Long.MAX_VALUE;

  private final MetaReader committed;
  private final MetaLog log;

  /** Tells the keeper to look what is to be done. */
  private final Runnable poke;

  /** The mode held, and above it a count of its changes. Written with {@link #lock}. */
  private volatile long held;

  private volatile boolean alone = true;
  private volatile boolean closed;

  /** Whether the log did not take notice in time when a read asked last. */
  private volatile boolean unnoticed;

  private volatile boolean ended;

  /** Why the session could not be opened again, until the next try. */
  private volatile @Nullable IOException failure;

  private final AtomicInteger readersWaiting = new AtomicInteger();
  private final AtomicInteger writersWaiting = new AtomicInteger();

  /** Guards everything below. Nothing is waited for, nor the log called, while it is held. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private @Nullable SessionLife life;

  /** Whether the tables have this life. */
  private boolean opened;

  /** The newest entries that release and acquire, while they are not applied; else 0. */
  private long releasing;

  private long asking;
  private LeaseRecord mine = LeaseRecord.NOTHING;

  /** The most of the lease that those who wait leave to this session. */
  private LeaseMode leftToKeep = LeaseMode.EXCLUSIVE;

  /** What the tables know this session to have open. */
  private Set<Long> published = new HashSet<>();

  VolumeLease(MetaReader committed, MetaLog log, Runnable poke) {
    this.committed = committed;
    this.log = log;
    this.poke = poke;
  }

  /** Whether this session may change the volume now. */
  public boolean isExclusive() {
    return (held & MODE_MASK) == EXCLUSIVE;
  }

  /** Whether there is no other session. */
  public boolean isAlone() {
    return alone;
  }

  /**
   * Waits until this session holds the lease exclusively.
   *
   * @throws PosixException EIO if it does not get it in time or cannot, EINTR, or why the log waits
   */
  public void requireExclusive() {
    if (!isExclusive()) {
      awaitExclusive();
    }
  }

  /**
   * Waits until this session holds the lease, shared at least; but not for a quorum that is not
   * there: then what is here has to do.
   *
   * @return what to ask {@link #isStill} with
   * @throws PosixException EINTR
   */
  public long enter() {
    long now = held;
    return (now & MODE_MASK) != 0 ? now : awaitShared();
  }

  /** Whether the lease was held all the time since {@link #enter}, or not to be had. */
  public boolean isStill(long entered) {
    return entered == held || entered == WITHOUT;
  }

  private void awaitExclusive() {
    writersWaiting.incrementAndGet();
    try {
      long nanos = EXCLUSIVE_LIMIT.toNanos();
      while (!isExclusive()) {
        SessionLife now = current();
        IOException broken = failure;
        if (broken != null) {
          throw new PosixException(Errno.EIO, "the metadata session cannot be opened", broken);
        }
        if (!ended && now != null) {
          now.pipeline().requireUsable();
        }
        if (nanos <= 0 || closed) {
          throw new PosixException(
              Errno.EIO,
              closed ? "the metadata session is closed" : "no turn to change the volume in time");
        }
        nanos -= await(LeaseMode.EXCLUSIVE);
      }
    } finally {
      writersWaiting.decrementAndGet();
    }
  }

  private long awaitShared() {
    readersWaiting.incrementAndGet();
    try {
      long waited = 0;
      while (true) {
        long now = held;
        if ((now & MODE_MASK) != 0) {
          return now;
        }
        if (closed || !log.hasLeader() || waited >= EXCLUSIVE_LIMIT.toNanos()) {
          return WITHOUT;
        }
        // whoever comes later need not find out once more
        Duration limit = unnoticed ? POLL : NOTICE_LIMIT;
        if (waited >= limit.toNanos() && !isNoticed()) {
          unnoticed = true;
          return WITHOUT;
        }
        waited += await(LeaseMode.SHARED);
      }
    } finally {
      readersWaiting.decrementAndGet();
    }
  }

  /** Waits for a moment unless the mode is held; returns for how long, in nanoseconds. */
  private long await(LeaseMode wanted) {
    poke.run();
    lock.lock();
    try {
      long left = POLL.toNanos();
      while (!mode().covers(wanted) && left > 0) {
        left = changed.awaitNanos(left);
      }
      return POLL.toNanos() - left;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EINTR, "interrupted while waiting for the lease", e);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable SessionLife current() {
    lock.lock();
    try {
      return life;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the log has this session among those who wait: then there is a quorum. */
  private boolean isNoticed() {
    lock.lock();
    try {
      return mine.isWaiting();
    } finally {
      lock.unlock();
    }
  }

  private LeaseMode mode() {
    return LeaseMode.of((int) (held & MODE_MASK));
  }

  /** Holds {@link #lock}. */
  private void set(LeaseMode mode) {
    if (mode() != mode) {
      held = ((held >>> MODE_BITS) + 1) << MODE_BITS | mode.number();
      changed.signalAll();
    }
  }

  /** A new life begins, which the tables do not have yet. */
  void begin(SessionLife newLife, Set<Long> open) {
    lock.lock();
    try {
      life = newLife;
      opened = false;
      ended = false;
      failure = null;
      releasing = 0;
      asking = 0;
      mine = LeaseRecord.NOTHING;
      published = new HashSet<>(open);
      set(LeaseMode.NONE);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the tables here have the life. Returns false after {@code limit}. */
  boolean awaitOpened(Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!opened) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The session was ended: it holds nothing. */
  void end() {
    lock.lock();
    try {
      ended = true;
      set(LeaseMode.NONE);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    poke.run();
  }

  /** The session was ended and cannot be opened again for now. */
  void fail(IOException cause) {
    failure = cause;
    end();
  }

  /** Nothing is waited for any more. */
  void close() {
    closed = true;
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isEnded() {
    return ended && !closed;
  }

  /**
   * Takes over what the tables say. Only on the thread that applies entries.
   *
   * @return whether the session got more of the lease than it had
   */
  boolean look() {
    lock.lock();
    try {
      SessionLife now = life;
      byte[] row = now == null ? null : committed.get(MetaTable.SESSION, Keys.number(now.id()));
      SessionRecord session = row == null ? null : SessionRecord.decode(row);
      if (now == null || session == null || session.ended()) {
        if (opened && !ended) {
          end();
        }
        return false;
      }
      opened = true;
      unnoticed = false;
      long id = now.id();
      alone = Sessions.list(committed).stream().allMatch(live -> live.id() == id);
      Map<Long, LeaseRecord> leases = LeaseOps.readAll(committed);
      mine = leases.getOrDefault(id, LeaseRecord.NOTHING);
      leftToKeep = LeaseMode.EXCLUSIVE;
      leases.forEach((other, lease) -> {
        if (other != id && lease.isWaiting()) {
          LeaseMode left = lease.wanted() == LeaseMode.SHARED ? LeaseMode.SHARED : LeaseMode.NONE;
          leftToKeep = leftToKeep.covers(left) ? left : leftToKeep;
        }
      });
      releasing = session.lastCut() >= releasing ? 0 : releasing;
      asking = session.lastCut() >= asking ? 0 : asking;
      LeaseMode before = mode();
      if (releasing == 0 && !ended) {
        set(mine.held());
      }
      changed.signalAll();
      return !before.covers(mode());
    } finally {
      lock.unlock();
    }
  }

  /** What is to be kept of what is held, if others are to have the rest; else null. */
  @Nullable
  LeaseMode toKeep() {
    lock.lock();
    try {
      return releasing == 0 && !leftToKeep.covers(mode()) ? leftToKeep : null;
    } finally {
      lock.unlock();
    }
  }

  /** What is to be asked for, if anything. */
  @Nullable
  LeaseMode toAsk() {
    lock.lock();
    try {
      LeaseMode wanted = LeaseMode.NONE;
      if (writersWaiting.get() > 0) {
        wanted = LeaseMode.EXCLUSIVE;
      } else if (readersWaiting.get() > 0) {
        wanted = LeaseMode.SHARED;
      }
      boolean asked = asking != 0 || mine.wanted().covers(wanted);
      return !opened || ended || closed || mode().covers(wanted) || asked ? null : wanted;
    } finally {
      lock.unlock();
    }
  }

  /**
   * From now on no more than {@code keep} is held, though the log does not know yet.
   *
   * @return false if no more was held
   */
  boolean shut(LeaseMode keep) {
    lock.lock();
    try {
      if (keep.covers(mode()) || releasing != 0) {
        return false;
      }
      releasing = UNNUMBERED;
      set(keep);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The operations that give up what was {@linkplain #shut shut}. */
  List<MetaOp> releaseOps(LeaseMode keep, Iterable<InodeNumber> open) {
    lock.lock();
    try {
      Set<Long> now = new HashSet<>();
      open.forEach(inode -> now.add(inode.value()));
      Set<Long> opened = new HashSet<>(now);
      opened.removeAll(published);
      Set<Long> closed = new HashSet<>(published);
      closed.removeAll(now);
      published = now;
      return List.of(Ops.releaseLease(
          keep, opened.stream().sorted().toList(), closed.stream().sorted().toList()));
    } finally {
      lock.unlock();
    }
  }

  /** The entry that gives up what was shut has its number. */
  void releasingBy(long number) {
    lock.lock();
    try {
      releasing = number;
    } finally {
      lock.unlock();
    }
  }

  /** The entry that asks has its number. */
  void askingBy(long number) {
    lock.lock();
    try {
      asking = number;
    } finally {
      lock.unlock();
    }
  }
}
