package org.cairnfs.blob;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes from this node what the metadata no longer needs: blobs it dropped, blobs that were
 * written and then not wanted, and what a {@link BlobSweep} finds after every start and now and
 * then. Whoever relies on a blob keeps it: then it is looked at again later.
 *
 * <p>Nothing is deleted while the metadata here may be old: a node that was cut off from the others
 * must not take a blob for unneeded whose reference it has not heard of. How old is old comes from
 * the time of a hold: docs/blob-protocol.md has the reasons.
 *
 * <p>Thread-safe; works on one thread of the timer.
 */
final class BlobCollector implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BlobCollector.class);

  private static final Duration STEP = Duration.ofSeconds(1);

  /** Copied at most in a second to win back space, and what is left of a segment then. */
  private static final long COPIED_MAX_BYTES = 64L << 20;

  /** After space could not be won back, because the disk is full or broken. */
  private static final Duration COMPACT_RETRY = Duration.ofSeconds(5);

  /** A pin ends with the next commit. */
  private static final long PINNED_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A hold ends when its time is over; how often to look meanwhile. */
  private static final int LOOKS_A_HOLD = 10;

  /** In a cluster a blob can be left over without a crash: its writer may have changed its mind. */
  private static final long SWEEP_NANOS = TimeUnit.HOURS.toNanos(6);

  /** Blobs that wait to be looked at; beyond that a sweep has to find them. */
  private static final int WAITING_MAX = 1 << 18;

  private record Waiting(BlobId id, long notBeforeNanos) {}

  private final LocalBlobs local;
  private final BlobCatalog catalog;
  private final Holds holds;
  private final BlobNodes nodes;
  private final Consumer<BlobId> droppedWhilePinned;
  private final ScheduledExecutorService timer;
  private final LongSupplier ticker;

  private final ConcurrentLinkedQueue<BlobId> arrived = new ConcurrentLinkedQueue<>();
  private final AtomicInteger arrivedCount = new AtomicInteger();
  private final AtomicBoolean stepPlanned = new AtomicBoolean();
  private volatile boolean sweepWanted = true;
  private volatile boolean started;
  private volatile boolean closed;

  /** Whether the metadata is being asked whether it is up to date. */
  private final AtomicBoolean asking = new AtomicBoolean();

  /** When it was last asked that with success; null if never. */
  private volatile @Nullable Long currentNanos;

  /** Guarded by this, as is everything below; each in the order in which they are due. */
  private final Deque<Waiting> pinned = new ArrayDeque<>();

  private final Deque<Waiting> held = new ArrayDeque<>();
  private @Nullable BlobSweep sweep;
  private long sweptNanos;

  /** When space is to be won back again. */
  private final Due compaction;

  /**
   * A collector that does nothing before {@link #start}.
   *
   * @param droppedWhilePinned told of blobs that a writer here relies on and others delete now
   */
  BlobCollector(
      LocalBlobs local,
      BlobCatalog catalog,
      Holds holds,
      BlobNodes nodes,
      Consumer<BlobId> droppedWhilePinned,
      ScheduledExecutorService timer,
      LongSupplier ticker) {
    this.local = local;
    this.catalog = catalog;
    this.holds = holds;
    this.nodes = nodes;
    this.droppedWhilePinned = droppedWhilePinned;
    this.timer = timer;
    this.ticker = ticker;
    this.compaction = new Due(ticker);
  }

  /** Begins; what was added before is looked at now. */
  void start() {
    started = true;
    var unused = timer.scheduleWithFixedDelay(this::step, 0, STEP.toSeconds(), TimeUnit.SECONDS);
  }

  /** These may not be needed any more. Does not block. */
  void add(List<BlobId> ids) {
    for (BlobId id : ids) {
      if (arrivedCount.get() < WAITING_MAX) {
        arrived.add(id);
        arrivedCount.incrementAndGet();
      } else {
        sweepWanted = true;
      }
    }
    if (started && !closed && stepPlanned.compareAndSet(false, true)) {
      try {
        timer.execute(this::step);
      } catch (RejectedExecutionException e) {
        LOG.debug("Nothing is collected: the node is stopping", e);
      }
    }
  }

  /** Something may have been dropped that nobody was told of. Does not block. */
  void sweepAgain() {
    sweepWanted = true;
  }

  /** Returns when a collection under way has ended; there is none afterwards. */
  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      LOG.debug("No more garbage is collected");
    }
  }

  /** Steps may follow each other closely, this must not: it copies. */
  private void compact() throws IOException {
    if (closed || !compaction.isNow()) {
      return;
    }
    compaction.in(COMPACT_RETRY);
    long freed = local.compact(COPIED_MAX_BYTES);
    compaction.in(STEP);
    if (freed > 0) {
      LOG.debug("Compaction freed {} bytes", freed);
    }
  }

  private synchronized void step() {
    stepPlanned.set(false);
    if (closed) {
      return;
    }
    try {
      if (isCurrent()) {
        long deleted = collectArrived() + collectDue(pinned) + collectDue(held);
        LOG.trace("Collected {} blobs", deleted);
      } else {
        askWhetherCurrent();
      }
      sweep();
      compact();
    } catch (IOException | RuntimeException e) {
      if (!closed) {
        sweepWanted = true; // what was under way is forgotten
        LOG.warn("Collecting garbage failed; it goes on later", e);
      }
    }
  }

  /** Whether everything committed until half a hold ago is known here. */
  private boolean isCurrent() {
    Long asked = currentNanos;
    return nodes.nodes().size() <= 1
        || (asked != null && ticker.getAsLong() - asked < holds.nanos() / 2);
  }

  private void askWhetherCurrent() {
    boolean due = arrivedCount.get() > 0 || isDue(pinned) || isDue(held);
    if (!due || !asking.compareAndSet(false, true)) {
      return;
    }
    long asked = ticker.getAsLong();
    var unused = catalog.upToDate().whenComplete((done, problem) -> {
      asking.set(false);
      if (problem == null) {
        currentNanos = asked;
        add(List.of());
      } else {
        LOG.debug("The metadata may be old: nothing is collected", problem);
      }
    });
  }

  private boolean isDue(Deque<Waiting> waiting) {
    Waiting first = waiting.peekFirst();
    return first != null && ticker.getAsLong() - first.notBeforeNanos() >= 0;
  }

  private long collectArrived() throws IOException {
    long deleted = 0;
    while (!closed && isCurrent()) {
      BlobId id = arrived.poll();
      if (id == null) {
        break;
      }
      arrivedCount.decrementAndGet();
      deleted += collect(id) ? 1 : 0;
    }
    return deleted;
  }

  private long collectDue(Deque<Waiting> waiting) throws IOException {
    long deleted = 0;
    while (!closed && isDue(waiting)) {
      deleted += collect(waiting.removeFirst().id()) ? 1 : 0;
    }
    return deleted;
  }

  private boolean collect(BlobId id) throws IOException {
    LocalBlobs.Collected outcome = local.collect(id, catalog::isReferenced);
    switch (outcome) {
      case PINNED -> {
        droppedWhilePinned.accept(id);
        wait(pinned, id, PINNED_NANOS);
      }
      case HELD -> wait(held, id, holds.nanos() / LOOKS_A_HOLD);
      case DELETED, NEEDED -> {}
    }
    return outcome == LocalBlobs.Collected.DELETED;
  }

  private void wait(Deque<Waiting> waiting, BlobId id, long nanos) {
    if (waiting.size() < WAITING_MAX) {
      waiting.addLast(new Waiting(id, ticker.getAsLong() + nanos));
    } else {
      sweepWanted = true;
    }
  }

  private void sweep() throws IOException {
    boolean several = nodes.nodes().size() > 1;
    if (sweep == null) {
      long now = ticker.getAsLong();
      boolean due = sweepWanted || (several && now - sweptNanos >= SWEEP_NANOS);
      if (!due || holds.hasAll()) {
        return;
      }
      sweepWanted = false;
      sweptNanos = now;
      sweep = new BlobSweep(catalog, local);
    }
    add(sweep.step());
    if (sweep.hasEnded()) {
      sweep = null;
    }
  }
}
