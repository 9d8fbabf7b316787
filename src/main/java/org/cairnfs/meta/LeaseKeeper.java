package org.cairnfs.meta;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.SessionUser.Trust;
import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does on a thread of its own what the leases ask for: gives way when others wait, asks when
 * operations here wait, opens the session again when it was ended, frees what was kept for this
 * session and nobody uses.
 *
 * <p>One thread, so that what is proposed here comes in order: nothing is asked for before it was
 * given up.
 */
final class LeaseKeeper implements AutoCloseable {
  /** Nobody may have asked for so long before it is relied on that nobody does. */
  private static final Duration CALM = Duration.ofSeconds(3);

  private static final Duration REOPEN = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(500);

  private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

  private final LocalMetaSession session;
  private final ScheduledThreadPoolExecutor thread;
  private final AtomicBoolean poked = new AtomicBoolean();

  private volatile boolean orphansDue;

  /** What the user was told last, if anything. Only on the thread, as the next three. */
  private @Nullable Trust trust;

  /** How many things are still relied on that were told when there was more trust. */
  private int reliedOn;

  /** When others asked last for what is read here, and whether to look once that is long ago. */
  private long askedNanos;

  private boolean calmPlanned;

  /** Whether the session could not be opened and a next try is due. Only on the thread. */
  private boolean reopenLater;

  private volatile boolean closed;

  LeaseKeeper(LocalMetaSession session) {
    this.session = session;
    this.thread = new ScheduledThreadPoolExecutor(1, task -> {
      Thread made = Executors.defaultThreadFactory().newThread(task);
      made.setName("lease");
      made.setDaemon(true);
      return made;
    });
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Has it look what is to be done. Any thread; does not wait. */
  void poke() {
    if (poked.compareAndSet(false, true)) {
      later(Duration.ZERO, this::step);
    }
  }

  /**
   * Somebody else uses the session now, who has been told nothing: a session that opens among
   * others learns of them before there is anybody to tell.
   */
  void userChanged() {
    later(Duration.ZERO, () -> {
      trust = null;
      step();
    });
  }

  /** Inodes may be kept for this session that nobody here uses. */
  void lookForOrphans() {
    orphansDue = true;
    poke();
  }

  /** Runs a task after those before it, and after what is being given up now. */
  void inOrder(Runnable task) {
    later(Duration.ZERO, () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.error("A lock was left as it is", e);
      }
    });
  }

  private void later(Duration delay, Runnable task) {
    try {
      var unused = thread.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("closed: nothing more to do for the leases");
    }
  }

  private void step() {
    poked.set(false);
    if (closed || reopenLater) {
      return;
    }
    try {
      if (session.leases().isEnded()) {
        renew();
        return;
      }
      giveWay();
      ask();
      forgetOrphans();
    } catch (RuntimeException e) {
      LOG.error("Keeping the leases failed; it goes on", e);
      later(RETRY, this::step);
    }
  }

  private void renew() {
    if (session.isSuperseded()) {
      closed = true;
      session.life().pipeline().fail(new IOException("another session of this node took over"));
      return;
    }
    if (session.life().isOpened()) {
      session.life().pipeline().fail(new IOException("the session was ended by others"));
    }
    try {
      session.user().lost(session::renew);
      session.openLife();
      LOG.info("The metadata session was opened again");
    } catch (IOException e) {
      LOG.warn("The metadata session cannot be opened again for now: {}", e.getMessage());
      LOG.debug("Opening it failed", e);
      reopenLater = true;
      session.leases().fail(e);
      later(REOPEN, () -> {
        reopenLater = false;
        step();
      });
    }
  }

  /** Tells the user how long to rely on what is held, and waits for what relies on more. */
  private void trust(Trust next) {
    if (next == trust) {
      return;
    }
    trust = next;
    Duration relied = session.user().trust(next);
    if (next != Trust.ALONE && !relied.isZero()) {
      reliedOn++;
      later(relied, () -> {
        reliedOn--;
        step();
      });
    }
  }

  /** How much others want of what is read here decides on the trust. */
  private void followDisturbance(boolean asked) {
    if (asked) {
      askedNanos = session.nanos();
      trust(Trust.DISTURBED);
    } else if (session.leases().isAlone()) {
      trust(Trust.ALONE);
    } else if (trust != Trust.DISTURBED || session.nanos() - askedNanos >= CALM.toNanos()) {
      trust(Trust.CALM);
    }
    if (trust == Trust.DISTURBED && !calmPlanned) {
      calmPlanned = true;
      later(CALM, () -> {
        calmPlanned = false;
        step();
      });
    }
  }

  private void giveWay() {
    SessionLife life = session.life();
    followDisturbance(session.leases().othersTakeReading());
    Recalls.Due due = session.leases().due(reliedOn == 0, life.speculation().reserved());
    if (due.nextNanos() >= 0) {
      later(Duration.ofNanos(due.nextNanos()), this::step);
    }
    if (!due.ranges().isEmpty()) {
      giveUp(life, due.ranges());
    }
  }

  private void giveUp(SessionLife life, List<LeaseRange> ranges) {
    if (session.leases().mayChangeIn(ranges)) {
      try {
        session.user().giveWay(ranges);
      } catch (RuntimeException e) {
        // what was shut cannot be opened again, and others wait for it
        life.pipeline().fail(new IOException("could not give way", e));
      }
    } else {
      session.releaseReading(ranges);
    }
  }

  private void ask() {
    List<Map<Long, LeaseMode>> wanted = session.leases().toAsk();
    if (!wanted.isEmpty()) {
      List<MetaOp> ops = wanted.stream().map(Ops::acquireLeases).toList();
      var unused = session.life().propose(ops, number -> session.leases().askingBy(number, wanted));
    }
  }

  private void forgetOrphans() {
    if (!orphansDue) {
      return;
    }
    orphansDue = false;
    List<InodeNumber> orphans = session.orphans();
    if (!orphans.isEmpty() && !session.user().forgetUnused(orphans)) {
      later(RETRY, this::lookForOrphans);
    }
  }

  /** Ends what is under way within a bounded time. */
  @Override
  public void close() {
    closed = true;
    thread.shutdown();
    try {
      if (!thread.awaitTermination(10, TimeUnit.SECONDS)) {
        LOG.warn("the lease's thread does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The user of a session that nobody attached one to. */
  static SessionUser nobody(MetaSession session) {
    return new SessionUser() {
      @Override
      public void giveWay(List<LeaseRange> ranges) {
        MetaSession.Release release = session.release(ranges, true);
        if (release != null) {
          var unused = release.cut().commit(List.of());
        }
      }

      @Override
      public List<SessionLocks.Shared> locksToShare() {
        return List.of();
      }

      @Override
      public void lost(Runnable renew) {
        renew.run();
      }

      @Override
      public Duration trust(Trust trust) {
        return Duration.ZERO;
      }

      @Override
      public void contentsChanged(Collection<InodeNumber> inodes) {}

      @Override
      public void everythingChanged() {}

      @Override
      public List<InodeNumber> openInodes() {
        return List.of();
      }

      @Override
      public boolean forgetUnused(List<InodeNumber> orphans) {
        return true;
      }
    };
  }
}
