package org.cairnfs.meta;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this session holds of the leases on inodes, known from the entries that were applied here;
 * and the place where operations wait for them.
 *
 * <p>An operation names its {@link Needs} while it runs. One that changes something runs behind the
 * gate that {@link SessionUser#giveWay} shuts, so what it finds held stays held. One that reads
 * runs without any lock, and sees afterwards whether everything was held all the time; if not, what
 * was read may be a mixture, and is read again. Who lacks something {@linkplain #requireChange
 * waits for it}, holding nothing that others could not be given meanwhile.
 *
 * <p>Thread-safe. While the session is alone, this costs the read of a volatile.
 */
public final class Leases {
  private static final Logger LOG = LoggerFactory.getLogger(Leases.class);

  /** How long a change waits: for its turn, or for a quorum. */
  private static final Duration CHANGE_LIMIT = Duration.ofSeconds(30);

  /** How long a read waits for a log that has a leader before it is content with what is here. */
  private static final Duration NOTICE_LIMIT = Duration.ofSeconds(10);

  private static final Duration POLL = Duration.ofMillis(100);

  private final MetaReader committed;
  private final MetaLog log;
  private final LongSupplier ticker;

  /** Tells the keeper to look what is to be done. */
  private final Runnable poke;

  private final RecentUse use = new RecentUse();

  /** Written with {@link #lock}. */
  private volatile HeldLeases held = new HeldLeases(LeaseRanges.NOTHING);

  private volatile boolean alone = true;
  private volatile boolean collector = true;
  private volatile boolean closed;

  /** Whether the log did not take notice in time when a read asked last. */
  private volatile boolean unnoticed;

  /** How often the log told something of leases: while it does, there is a quorum. */
  private final AtomicLong looks = new AtomicLong();

  private volatile boolean ended;

  /** Why the session could not be opened again, until the next try. */
  private volatile @Nullable IOException failure;

  /** Guards everything below. Nothing is waited for, nor the log called, while it is held. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private final LeaseWaiters waiters = new LeaseWaiters();
  private final Recalls recalls;

  /** Written with {@link #lock}. */
  private volatile @Nullable SessionLife life;

  /** Whether the tables have this life. */
  private boolean opened;

  private final LeasesUnderWay underWay = new LeasesUnderWay();

  Leases(MetaReader committed, MetaLog log, LongSupplier ticker, Runnable poke) {
    this.committed = committed;
    this.log = log;
    this.ticker = ticker;
    this.poke = poke;
    this.recalls = new Recalls(use);
  }

  /** Whether there is no other session. */
  public boolean isAlone() {
    return alone;
  }

  /** Whether it is for this session to collect the garbage: one of those there are does. */
  public boolean isCollector() {
    return collector;
  }

  /** Whether this session may change the inode now. */
  public boolean mayChange(InodeNumber inode) {
    HeldLeases now = held;
    return now.isEverything() || now.ranges().at(inode.value()) == LeaseMode.EXCLUSIVE;
  }

  /** For an operation that begins. */
  public Needs needs() {
    return new Needs(this);
  }

  HeldLeases held() {
    return held;
  }

  void used(long inode, LeaseMode mode) {
    use.add(inode, mode == LeaseMode.EXCLUSIVE, ticker.getAsLong());
  }

  /** Whether the session goes on: it was not ended, or it was opened again. */
  public boolean isLive() {
    return !ended;
  }

  /**
   * Waits until this session holds what is needed, and is open.
   *
   * @throws PosixException EIO if it does not get it in time or cannot, EINTR, or why the log waits
   */
  public void requireChange(Needs needs) {
    add(needs);
    try {
      long nanos = CHANGE_LIMIT.toNanos();
      while (!areServed(needs) || ended) {
        SessionLife now = life;
        IOException broken = failure;
        if (broken != null) {
          throw new PosixException(Errno.EIO, "the metadata session cannot be opened", broken);
        }
        if (!ended && now != null) {
          now.pipeline().requireUsable();
        }
        if (nanos <= 0) {
          LOG.warn("No turn in time for {}, held is {}", needs.wanted(), held.ranges());
          throw new PosixException(Errno.EIO, "no turn to change it in time");
        }
        if (closed) {
          throw new PosixException(Errno.EIO, "the metadata session is closed");
        }
        nanos -= await(needs);
      }
    } finally {
      remove(needs);
    }
  }

  /**
   * Waits until this session holds what is needed; but not for a quorum that is not there: then
   * what is here has to do.
   *
   * @throws PosixException EINTR
   */
  public void requireRead(Needs needs) {
    add(needs);
    try {
      long waited = 0;
      long silent = 0;
      long heard = looks.get();
      while (!areServed(needs)) {
        if (closed || !log.hasLeader() || waited >= CHANGE_LIMIT.toNanos()) {
          needs.goWithout();
          return;
        }
        if (heard != looks.get() || isNoticed(needs)) {
          heard = looks.get();
          silent = 0;
        }
        // whoever comes later need not find out once more
        Duration limit = unnoticed ? POLL : NOTICE_LIMIT;
        if (silent >= limit.toNanos()) {
          unnoticed = true;
          needs.goWithout();
          return;
        }
        long moment = await(needs);
        waited += moment;
        silent += moment;
      }
    } finally {
      remove(needs);
    }
  }

  private void add(Needs needs) {
    locked(() -> {
      waiters.add(needs);
      serve();
    });
  }

  private void remove(Needs needs) {
    locked(() -> waiters.remove(needs));
  }

  private void locked(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }

  private boolean areServed(Needs needs) {
    return needs.areIn(held.ranges());
  }

  /** Waits for a moment unless they are served; returns for how long, in nanoseconds. */
  private long await(Needs needs) {
    poke.run();
    lock.lock();
    try {
      long left = POLL.toNanos();
      while ((!areServed(needs) || ended) && left > 0) {
        left = changed.awaitNanos(left);
      }
      return POLL.toNanos() - left;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EINTR, "interrupted while waiting for a lease", e);
    } finally {
      lock.unlock();
    }
  }

  /** Whether the log has this among what waits: then there is a quorum. */
  private boolean isNoticed(Needs needs) {
    lock.lock();
    try {
      return underWay.isNoticed(needs.wanted());
    } finally {
      lock.unlock();
    }
  }

  /** Holds {@link #lock}. */
  private void set(LeaseRanges ranges) {
    if (!ranges.equals(held.ranges())) {
      held = held.follow(ranges);
    }
    serve();
    changed.signalAll();
  }

  /** Holds {@link #lock}. Whoever has just got what it waited for is to have time to use it. */
  private void serve() {
    waiters.serve(held.ranges(), needs -> recalls.served(needs, ticker.getAsLong()));
  }

  /** A new life begins, which the tables do not have yet. */
  void begin(SessionLife newLife, Set<Long> open) {
    lock.lock();
    try {
      life = newLife;
      opened = false;
      ended = false;
      failure = null;
      underWay.begin(open);
      set(LeaseRanges.NOTHING);
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
      set(LeaseRanges.NOTHING);
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
    locked(changed::signalAll);
  }

  boolean isEnded() {
    return ended && !closed;
  }

  /** The tables were replaced: what was held may have been lost and come back meanwhile. */
  void lookAnew() {
    locked(() -> {
      set(LeaseRanges.NOTHING);
      look();
    });
  }

  /** Takes over what the tables say. Only on the thread that applies entries. */
  void look() {
    lock.lock();
    try {
      SessionLife now = life;
      byte[] row = now == null ? null : committed.get(MetaTable.SESSION, Keys.number(now.id()));
      SessionRecord session = row == null ? null : SessionRecord.decode(row);
      if (now == null || session == null || session.ended()) {
        if (opened && !ended) {
          end();
        }
        return;
      }
      opened = true;
      unnoticed = false;
      looks.incrementAndGet();
      long id = now.id();
      List<Sessions.Live> live = Sessions.list(committed);
      alone = live.stream().allMatch(other -> other.id() == id);
      collector = live.get(0).id() == id;
      List<LeaseRequest> mine = new ArrayList<>();
      List<LeaseRequest> others = new ArrayList<>();
      LeaseOps.readWaiting(committed)
          .values()
          .forEach(request -> (request.session() == id ? mine : others).add(request));
      recalls.waiting(others);
      underWay.applied(session.lastCut(), mine);
      if (!ended) {
        set(underWay.left(LeaseOps.read(committed, id)));
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether others wait for something that this session then may no longer read. */
  boolean othersTakeReading() {
    lock.lock();
    try {
      return recalls.takeReading(held.ranges());
    } finally {
      lock.unlock();
    }
  }

  /** See {@link Recalls#due}. */
  Recalls.Due due(boolean quiet, List<LeaseRange> reserved) {
    lock.lock();
    try {
      return recalls.due(held.ranges(), ticker.getAsLong(), quiet, reserved);
    } finally {
      lock.unlock();
    }
  }

  /** What is to be asked for: one request an operation that waits and did not ask yet. */
  List<Map<Long, LeaseMode>> toAsk() {
    lock.lock();
    try {
      boolean possible = opened && !ended && !closed;
      return possible ? underWay.notAsked(waiters.unserved()) : List.of();
    } finally {
      lock.unlock();
    }
  }

  /** The entry that asks has its number. */
  void askingBy(long number, List<Map<Long, LeaseMode>> requests) {
    locked(() -> underWay.asking(number, requests));
  }

  /** Whether the session may change some inode in the ranges that it is to give up. */
  boolean mayChangeIn(List<LeaseRange> ranges) {
    return held.ranges().holdsSome(ranges, LeaseMode.EXCLUSIVE);
  }

  /**
   * From now on no more is held of the ranges than their modes, though the log does not know yet.
   *
   * @param changes whether nobody changes anything now; else nothing is shut that may be changed
   * @return false if nothing was shut
   */
  boolean shut(List<LeaseRange> ranges, boolean changes) {
    lock.lock();
    try {
      LeaseRanges left = held.ranges().atMost(ranges);
      if (ended || left.equals(held.ranges()) || (!changes && mayChangeIn(ranges))) {
        return false;
      }
      underWay.releasing(ranges);
      set(left);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The operation that gives up what was {@linkplain #shut shut}, and tells which of it is open:
   * only that, because the log may not know the rest yet.
   */
  MetaOp releaseOp(List<LeaseRange> ranges, Collection<InodeNumber> open) {
    lock.lock();
    try {
      return underWay.releaseOp(ranges, open);
    } finally {
      lock.unlock();
    }
  }

  /** The entry that gives up what was shut has its number. */
  void releasingBy(long number) {
    locked(() -> underWay.releasingBy(number));
  }
}
