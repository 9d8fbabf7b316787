package org.cairnfs.store;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * The records written to segments that the index does not have yet, and the blobs lost of them.
 *
 * <p>Records are numbered in the order written; the number of the last is in {@link #last}. Lookups
 * take no lock; the rest takes the monitor.
 */
final class Unsynced {
  /** What the record of that number says of a blob: where it is, or null if it is deleted. */
  record Found(long sequence, @Nullable Location location) {}

  /** The last record written and its segment. */
  record Last(long sequence, @Nullable Segment segment) {}

  /**
   * A record in the queue.
   *
   * @param isCopy whether compaction moved it, so that nothing was added or deleted
   * @param payloadDelta what it adds to the live blobs' bytes or, below 0, takes from them
   */
  private record Queued(long sequence, LogRecord record, boolean isCopy, long payloadDelta) {
    int blobsDelta() {
      if (isCopy) {
        return 0;
      }
      return record.kind() == RecordKind.BLOB ? 1 : -1;
    }
  }

  private final ConcurrentHashMap<BlobId, Found> latest = new ConcurrentHashMap<>();

  /** Guarded by the monitor. */
  private final ArrayDeque<Queued> queue = new ArrayDeque<>();

  /** Guarded by the monitor. */
  private final Set<BlobId> lost = new LinkedHashSet<>();

  /** Guarded by the monitor. */
  private @Nullable IOException lossCause;

  /** Written under the monitor. */
  private volatile Last last = new Last(0, null);

  /** Guarded by the monitor. */
  private long blobsDelta;

  /** Guarded by the monitor. */
  private long payloadBytesDelta;

  /** What these records say of the blob, or null if they say nothing. */
  @Nullable
  Found get(BlobId id) {
    return latest.get(id);
  }

  Last last() {
    return last;
  }

  synchronized int size() {
    return queue.size();
  }

  /**
   * Adds a record just written to {@code segment}.
   *
   * @param isCopy whether compaction moved it
   * @param payloadDelta what it adds to the live blobs' bytes or, below 0, takes from them
   * @throws IOException if the segment failed meanwhile, and the record with it
   */
  synchronized void add(LogRecord record, Segment segment, boolean isCopy, long payloadDelta)
      throws IOException {
    if (segment.failed()) {
      throw new IOException("segment " + segment.number() + " could not be synced", lossCause);
    }
    var queued = new Queued(last.sequence() + 1, record, isCopy, payloadDelta);
    queue.add(queued);
    show(queued);
    lost.remove(record.id());
    blobsDelta += queued.blobsDelta();
    payloadBytesDelta += payloadDelta;
    last = new Last(queued.sequence(), segment);
  }

  private void show(Queued queued) {
    LogRecord record = queued.record();
    if (record.kind() == RecordKind.BLOB) {
      latest.put(record.id(), new Found(queued.sequence(), record.at()));
    } else if (!queued.isCopy()) {
      // The copy of a tombstone says nothing new: the blob may have been added again since.
      latest.put(record.id(), new Found(queued.sequence(), null));
    }
  }

  /** The records up to a number, oldest first. */
  synchronized List<LogRecord> upTo(long sequence) {
    var records = new ArrayList<LogRecord>();
    for (Queued queued : queue) {
      if (queued.sequence() > sequence) {
        break;
      }
      records.add(queued.record());
    }
    return records;
  }

  /** Forgets the records up to a number: they are in the index. */
  synchronized void removeUpTo(long sequence) {
    while (!queue.isEmpty() && queue.getFirst().sequence() <= sequence) {
      forget(queue.removeFirst());
    }
  }

  /**
   * Gives up the records after a number, which are all in {@code segment}: they may never reach the
   * disk.
   *
   * @return the number of the last one given up
   */
  synchronized long lose(long durableSequence, Segment segment, IOException cause) {
    segment.fail();
    lossCause = cause;
    while (!queue.isEmpty() && queue.getLast().sequence() > durableSequence) {
      Queued queued = queue.removeLast();
      forget(queued);
      // A copy's original is still there, and so is what a tombstone would have removed.
      if (queued.blobsDelta() > 0) {
        lost.add(queued.record().id());
      }
    }
    // What is left may have been hidden by what was lost.
    queue.forEach(this::show);
    return last.sequence();
  }

  /** The end of the last of these records in a segment, or 0 if none is in it. */
  synchronized long endOf(long segment) {
    long end = 0;
    for (Queued queued : queue) {
      Location at = queued.record().at();
      if (at.segment() == segment) {
        end = Math.max(end, at.end());
      }
    }
    return end;
  }

  /** Notes that nobody needs the blob any more. */
  synchronized void forgetLost(BlobId id) {
    lost.remove(id);
  }

  /** @throws LostBlobsException if blobs are lost and were neither appended again nor deleted */
  synchronized void requireNothingLost() throws LostBlobsException {
    IOException cause = lossCause;
    if (!lost.isEmpty() && cause != null) {
      throw new LostBlobsException(
          lost.size() + " blobs could not be synced: " + cause.getMessage(), lost, cause);
    }
  }

  /** Blobs that these records add, less those that they delete. */
  synchronized long blobsDelta() {
    return blobsDelta;
  }

  /** Bytes of blobs that these records add, less those that they delete. */
  synchronized long payloadBytesDelta() {
    return payloadBytesDelta;
  }

  private void forget(Queued queued) {
    BlobId id = queued.record().id();
    Found found = latest.get(id);
    if (found != null && found.sequence() == queued.sequence()) {
      latest.remove(id, found);
    }
    blobsDelta -= queued.blobsDelta();
    payloadBytesDelta -= queued.payloadDelta();
  }
}
