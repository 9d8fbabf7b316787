package org.cairnfs.vfs;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
 * agree on without asking. Nobody reads what is freed, so it takes no lease. Runs on one thread of
 * the timer.
 */
final class GarbageCollector implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** Blobs dropped in one change. */
  private static final int BATCH_BLOBS = 512;

  /** Steps and batches of one run, so that a run ends. */
  private static final int ROUNDS = 64;

  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);

  private final MetaSession session;
  private final Leases leases;
  private final Committer committer;
  private final ScheduledExecutorService timer;

  /** Completes when nothing is to be collected any more, nor waited for. */
  private final CompletableFuture<Void> closing = new CompletableFuture<>();

  GarbageCollector(MetaSession session, Committer committer, ScheduledExecutorService timer) {
    this.session = session;
    this.leases = session.leases();
    this.committer = committer;
    this.timer = timer;
  }

  void start() {
    long millis = INTERVAL.toMillis();
    var unused = timer.scheduleWithFixedDelay(this::collect, millis, millis, TimeUnit.MILLISECONDS);
  }

  /** Returns when a collection under way has ended, committed or not; there is none afterwards. */
  @Override
  public void close() {
    closing.complete(null);
    synchronized (this) {
      LOG.debug("No more garbage is collected");
    }
  }

  private synchronized void collect() {
    if (closing.isDone() || !leases.isCollector()) {
      return;
    }
    try {
      for (int round = 0; round < ROUNDS && !closing.isDone(); round++) {
        boolean more = committer.change(needs -> session.reclaimStep());
        int batch = dropBatch();
        if (!more && batch == 0) {
          break;
        }
      }
    } catch (PosixException e) {
      if (!closing.isDone()) {
        LOG.warn("Collecting garbage failed; it goes on later", e);
      }
    } catch (RuntimeException e) {
      LOG.error("Collecting garbage failed; it goes on later", e);
    }
  }

  private int dropBatch() {
    List<BlobId> garbage = session.garbage(BATCH_BLOBS);
    if (garbage.isEmpty()) {
      return 0;
    }
    committer.run(needs -> session.dropGarbage(garbage));
    Commits.await(committer.requestCut().applyToEither(closing, done -> null));
    return garbage.size();
  }
}
