package org.cairnfs.meta;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.proto.MetaOp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does on a thread of its own what the lease asks for: gives way when others wait, asks when
 * operations here wait, opens the session again when it was ended, frees what was kept for this
 * session and nobody uses.
 *
 * <p>One thread, so that what is proposed here comes in order: nothing is asked for before it was
 * given up.
 */
final class LeaseKeeper implements AutoCloseable {
  /** Least time between being granted the lease and giving it to others. */
  private static final Duration SLICE = Duration.ofMillis(20);

  private static final Duration REOPEN = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(500);

  private static final Logger log = LoggerFactory.getLogger(LeaseKeeper.class);

  private final LocalMetaSession session;
  private final ScheduledThreadPoolExecutor thread;
  private final AtomicBoolean poked = new AtomicBoolean();

  /** Whether the slice of the present grant is over. */
  private volatile boolean sliceOver = true;

  private volatile boolean orphansDue;

  /** Whether nothing here relies any more on what was told while the session was alone. */
  private volatile boolean quiet = true;

  /** What the user was told last. Only on the thread. */
  private boolean othersPresent;

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
      othersPresent = false;
      step();
    });
  }

  /** The session was granted more of the lease: others wait for a slice of time. */
  void granted() {
    sliceOver = false;
    later(SLICE, () -> {
      sliceOver = true;
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
        log.error("A lock was left as it is", e);
      }
    });
  }

  private void later(Duration delay, Runnable task) {
    try {
      var unused = thread.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("closed: nothing more to do for the lease");
    }
  }

  private void step() {
    poked.set(false);
    if (closed || reopenLater) {
      return;
    }
    try {
      if (session.lease().isEnded()) {
        renew();
        return;
      }
      tellOfOthers();
      giveWay();
      ask();
      forgetOrphans();
    } catch (RuntimeException e) {
      log.error("Keeping the lease failed; it goes on", e);
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
      log.info("The metadata session was opened again");
    } catch (IOException e) {
      log.warn("The metadata session cannot be opened again for now: {}", e.getMessage());
      log.debug("Opening it failed", e);
      reopenLater = true;
      session.lease().fail(e);
      later(REOPEN, () -> {
        reopenLater = false;
        step();
      });
    }
  }

  private void tellOfOthers() {
    boolean present = !session.lease().isAlone();
    if (present == othersPresent || (!present && !session.lease().isExclusive())) {
      return;
    }
    othersPresent = present;
    Duration relied = session.user().othersPresent(present);
    if (present && !relied.isZero()) {
      quiet = false;
      later(relied, () -> {
        quiet = true;
        step();
      });
    }
  }

  private void giveWay() {
    LeaseMode keep = session.lease().toKeep();
    if (keep == null || !sliceOver || (keep == LeaseMode.NONE && !quiet)) {
      return; // whatever is waited for calls again
    }
    if (session.lease().isExclusive()) {
      try {
        session.user().giveWay(keep);
      } catch (RuntimeException e) {
        // what was shut cannot be opened again, and others wait for it
        session.life().pipeline().fail(new IOException("could not give way", e));
      }
    } else if (session.lease().shut(keep)) {
      release(keep, List.of());
    }
  }

  private void ask() {
    LeaseMode wanted = session.lease().toAsk();
    if (wanted == null) {
      return;
    }
    MetaOp op = Ops.acquireLease(wanted);
    if (session.lease().shut(LeaseMode.NONE)) {
      release(LeaseMode.NONE, List.of(op));
    } else {
      var unused = session.life().propose(List.of(op), session.lease()::askingBy);
    }
  }

  /** Gives up what was held shared, and perhaps asks for more in the same entry. */
  private void release(LeaseMode keep, List<MetaOp> then) {
    List<MetaOp> ops =
        new ArrayList<>(session.lease().releaseOps(keep, session.user().openInodes()));
    ops.addAll(then);
    var unused = session.life().propose(ops, number -> {
      session.lease().releasingBy(number);
      if (!then.isEmpty()) {
        session.lease().askingBy(number);
      }
    });
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
        log.warn("the lease's thread does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The user of a session that nobody attached one to. */
  static SessionUser nobody(MetaSession session) {
    return new SessionUser() {
      @Override
      public void giveWay(LeaseMode keep) {
        Cut cut = session.release(keep);
        if (cut != null) {
          var unused = cut.commit(List.of());
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
      public Duration othersPresent(boolean present) {
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
