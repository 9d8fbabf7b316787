package org.cairnfs.vfs;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.MetaSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the metadata let go of what was overwritten, truncated and removed.
 *
 * <p>Extents of large removed files are freed step by step; blobs that lost their last extent are
 * dropped from the metadata's garbage list. That is committed, and so every node that has such a
 * blob hears of it and deletes it, this one included. Of several hosts one collects, which they
 * agree on without asking. Nobody reads what is freed, so it takes no lease.
 *
 * <p>Programs are at work meanwhile, and each step is work for several threads of every node. So
 * steps are small and come with pauses, and what they change goes with the cuts that are made
 * anyway; only if that does not suffice do they grow. Runs on one thread of the timer.
 */
final class GarbageCollector implements AutoCloseable {
  /** How often to look whether there is something to do. */
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** Between two steps while there is. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** Steps without anything to do, after which there is nothing: more than a cut takes to come. */
  private static final int IDLE_STEPS = 5;

  /** Blobs dropped in a step, at first. */
  private static final int STEP_BLOBS = 128;

  /** How many more after a step that may have left some. */
  private static final int GROWTH_BLOBS = 16;

  private static final int STEP_MAX_BLOBS = 4096;

  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);

  private final MetaSession session;
  private final Leases leases;
  private final Committer committer;
  private final ScheduledExecutorService timer;
  private volatile boolean closed;

  /** Steps since the last one that found something. Guarded by this. */
  private int idleSteps = IDLE_STEPS;

  /** Blobs dropped in the next step. Guarded by this. */
  private int stepBlobs = STEP_BLOBS;

  GarbageCollector(MetaSession session, Committer committer, ScheduledExecutorService timer) {
    this.session = session;
    this.leases = session.leases();
    this.committer = committer;
    this.timer = timer;
  }

  void start() {
    runAfter(INTERVAL);
  }

  /** Returns when a step under way has ended, committed or not; there is none afterwards. */
  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      LOG.debug("No more garbage is collected");
    }
  }

  private void runAfter(Duration pause) {
    try {
      var unused = timer.schedule(this::run, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("No garbage is collected: the node is stopping", e);
    }
  }

  private synchronized void run() {
    if (closed) {
      return;
    }
    Duration pause = INTERVAL;
    try {
      if (leases.isCollector()) {
        idleSteps = step() ? 0 : Math.min(idleSteps + 1, IDLE_STEPS);
        pause = idleSteps < IDLE_STEPS ? PAUSE : INTERVAL;
      }
    } catch (PosixException e) {
      LOG.warn("Collecting garbage failed; it goes on later", e);
    } catch (RuntimeException e) {
      LOG.error("Collecting garbage failed; it goes on later", e);
    }
    runAfter(pause);
  }

  /** Returns whether there is, or may be, more to do. */
  private boolean step() {
    if (committer.isBusy()) {
      return true; // for all that is known nothing can be committed: what waits must not pile up
    }
    boolean reclaimed = committer.change(needs -> session.reclaimStep());
    List<BlobId> garbage = session.garbage(stepBlobs);
    adapt(garbage.size());
    if (!garbage.isEmpty()) {
      committer.run(needs -> session.dropGarbage(garbage));
    }
    if (reclaimed) {
      var unused = committer.requestCut(); // what it frees shows when it is committed
    }
    return reclaimed || !garbage.isEmpty();
  }

  private void adapt(int found) {
    if (found == stepBlobs) {
      stepBlobs = Math.min(stepBlobs + GROWTH_BLOBS, STEP_MAX_BLOBS);
    } else if (found < stepBlobs / 2) {
      stepBlobs = Math.max(stepBlobs / 2, STEP_BLOBS);
    }
  }
}
