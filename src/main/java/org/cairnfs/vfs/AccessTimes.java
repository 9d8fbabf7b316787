package org.cairnfs.vfs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Touch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Access times as relatime has them (mount(8)): one moves when it is older than a change, or than a
 * day. As with lazytime, they stay in memory for some seconds, so that who reads many files does
 * not change as many inodes one by one; a crash may take them. Others need not wait for one: it is
 * left out when this host does not have the lease on the inode. Thread-safe.
 */
final class AccessTimes {
  private static final Duration LIFE = Duration.ofDays(1);

  /** How long they stay in memory. */
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  /** How many of them do. */
  private static final int USUAL_MAX = 4096;

  /** And while they cannot be told: the others are left out. */
  private static final int HARD_MAX = 4 * USUAL_MAX;

  private static final Logger LOG = LoggerFactory.getLogger(AccessTimes.class);

  private final MetaSession session;
  private final Leases leases;
  private final ActiveFiles files;
  private final Committer committer;
  private final Touched touched;
  private final ScheduledExecutorService timer;
  private final AtomicBoolean settling = new AtomicBoolean();

  AccessTimes(
      MetaSession session,
      ActiveFiles files,
      Committer committer,
      Touched touched,
      ScheduledExecutorService timer) {
    this.session = session;
    this.leases = session.leases();
    this.files = files;
    this.committer = committer;
    this.touched = touched;
    this.timer = timer;
  }

  /** Begins to tell them to the metadata, by the clock. */
  void start() {
    long millis = INTERVAL.toMillis();
    var unused = timer.scheduleWithFixedDelay(this::settle, millis, millis, TimeUnit.MILLISECONDS);
  }

  /** The inode was read at the time {@code now}, which does not fail for what becomes of this. */
  void read(InodeNumber number, Timestamp now) {
    int waiting = touched.count();
    if (waiting >= HARD_MAX || !leases.mayChange(number)) {
      return;
    }
    try {
      Inode inode = files.attributes(number);
      if (isStale(inode, now)) {
        touched.add(new Touch(number, inode.accessed(), now));
        if (waiting == USUAL_MAX) {
          timer.execute(this::settle);
        }
      }
    } catch (PosixException | RejectedExecutionException e) {
      // it was removed meanwhile, or this is the end
    }
  }

  /** Has the metadata know all of them; if another thread is at it, that one has to do. */
  void settle() {
    if (touched.count() == 0 || !settling.compareAndSet(false, true)) {
      return;
    }
    try {
      List<Touch> known = new ArrayList<>();
      for (Touch touch : touched.all()) {
        if (leases.mayChange(touch.inode())) {
          known.add(touch);
        } else {
          touched.remove(touch);
        }
      }
      if (committer.tryRun(needs -> {
        known.forEach(touch -> needs.change(touch.inode()));
        needs.demand();
        session.touchAccessed(known);
      })) {
        known.forEach(touched::remove);
      }
    } catch (RuntimeException e) {
      LOG.warn("Access times are not kept for now", e);
    } finally {
      settling.set(false);
    }
  }

  private static boolean isStale(Inode inode, Timestamp now) {
    Timestamp accessed = inode.accessed();
    return accessed.compareTo(inode.modified()) <= 0
        || accessed.compareTo(inode.changed()) <= 0
        || now.seconds() - accessed.seconds() >= LIFE.toSeconds();
  }
}
