package org.cairnfs.store;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings written records to stable storage and into the index.
 *
 * <p>One caller at a time, the leader, forces the file; it covers every record written before it
 * began. Those who come meanwhile wait, and are covered by that force or by the next one, which one
 * of them leads: so the cost of a force is shared by all who came while the last one ran.
 *
 * <p>When a force fails, nobody can know which of the pages reached the disk, and a second force
 * would say that all is well. So the records that it covered are lost for good, and everybody who
 * waits is told.
 *
 * <p>Thread-safe.
 */
final class GroupCommit {
  /** A force that covers at most this much came from a caller who syncs after each small append. */
  private static final long SMALL_FORCE_BYTES = 32L << 10;

  private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);

  private final Segments segments;
  private final Unsynced unsynced;
  private final BlobIndex index;

  private final ReentrantLock lock = new ReentrantLock();

  /** Signalled when a force has ended. */
  private final Condition ended = lock.newCondition();

  /** Whether there is a leader. Guarded by {@link #lock}. */
  private boolean forcing;

  /** Number of the last record that is on disk or lost. Guarded by {@link #lock}. */
  private long settledSequence;

  /** Guarded by {@link #lock}. */
  private long failures;

  /** Guarded by {@link #lock}. */
  private @Nullable IOException lastFailure;

  /** Why the index could not take the records in, the last time. Written by the leader. */
  private volatile @Nullable IOException indexFailure;

  private volatile boolean lastForceWasSmall;

  GroupCommit(Segments segments, Unsynced unsynced, BlobIndex index) {
    this.segments = segments;
    this.unsynced = unsynced;
    this.index = index;
  }

  /** Whether appends come with a sync each, so that the cost of one force matters. */
  boolean lastForceWasSmall() {
    return lastForceWasSmall;
  }

  /**
   * Returns when every record written before is on stable storage.
   *
   * @throws IOException if records were lost while this waited
   */
  void force() throws IOException {
    lock.lock();
    try {
      long failuresBefore = failures;
      long target = unsynced.last().sequence();
      while (settledSequence < target && failures == failuresBefore) {
        if (forcing) {
          ended.awaitUninterruptibly();
        } else {
          lead();
        }
      }
      if (failures != failuresBefore) {
        throw new IOException("blobs could not be synced", lastFailure);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #force}, and the records are in the index.
   *
   * @throws IOException also if the index cannot take them in
   */
  void forceAndIndex() throws IOException {
    force();
    lock.lock();
    try {
      while (unsynced.size() > 0 && indexFailure != null) {
        if (forcing) {
          ended.awaitUninterruptibly();
        } else {
          lead();
          IOException failure = indexFailure;
          if (failure != null) {
            throw failure;
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Forces the file once, without the lock. Called and returns with the lock held. */
  private void lead() {
    forcing = true;
    long settledBefore = settledSequence;
    lock.unlock();
    long settled = settledBefore;
    IOException failure = null;
    Unsynced.Last upTo = unsynced.last();
    try {
      forceFile(upTo.segment());
      settled = upTo.sequence();
      updateIndex(settled);
    } catch (IOException e) {
      failure = e;
      settled = lose(upTo.segment(), settledBefore, e);
    } finally {
      lock.lock();
      forcing = false;
      settledSequence = Math.max(settledSequence, settled);
      if (failure != null) {
        failures++;
        lastFailure = failure;
      }
      ended.signalAll();
    }
  }

  /** Forces the segment written last; the ones before it were forced when they were sealed. */
  private void forceFile(@Nullable Segment segment) throws IOException {
    SegmentFile file = segment == null ? null : segment.acquire(segments);
    if (segment == null || file == null) {
      return;
    }
    try {
      file.force();
    } finally {
      segment.release();
    }
  }

  /**
   * Takes durable records into the index. If it cannot, that is no loss: the records stay where
   * lookups find them, and the next force tries again.
   */
  private void updateIndex(long sequence) {
    List<LogRecord> records = unsynced.upTo(sequence);
    long bytes = 0;
    for (LogRecord record : records) {
      bytes += record.at().recordBytes();
    }
    lastForceWasSmall = bytes <= SMALL_FORCE_BYTES;
    try {
      index.apply(records);
      unsynced.removeUpTo(sequence);
      indexFailure = null;
    } catch (IOException e) {
      indexFailure = e;
      LOG.warn("The blob index cannot take in {} synced records for now", records.size(), e);
    }
  }

  private long lose(@Nullable Segment segment, long durableSequence, IOException cause) {
    if (segment == null) {
      return durableSequence;
    }
    LOG.error("Segment {} cannot be synced; it is given up", segment.number(), cause);
    return unsynced.lose(durableSequence, segment, cause);
  }
}
