package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings index and segments into agreement when a store is opened.
 *
 * <p>What segments hold beyond what the index knows is read and applied; with an empty index that
 * is everything. What the index knows and segments do not have is damaged. A torn tail of the last
 * segment is cut off.
 */
final class Recovery {
  /** Records applied with one batch. */
  private static final int BATCH_RECORDS = 1024;

  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  private final Segments segments;
  private final BlobIndex index;

  private long scannedBytes;
  private long recordsFound;
  private long recordsDamaged;
  private long skippedBytes;
  private long tornBytes;
  private long blobsLost;

  /**
   * What was found.
   *
   * @param scannedBytes bytes of segments that the index did not know
   * @param recordsFound intact records in them
   * @param recordsDamaged records whose header is intact and whose payload is not
   * @param skippedBytes bytes between intact records that are in none
   * @param tornBytes bytes cut off the last segment
   * @param blobsLost blobs that the index knows in segments that are gone or cut short
   */
  record Report(
      long scannedBytes,
      long recordsFound,
      long recordsDamaged,
      long skippedBytes,
      long tornBytes,
      long blobsLost) {
    boolean isClean() {
      return recordsDamaged == 0 && skippedBytes == 0 && tornBytes == 0 && blobsLost == 0;
    }
  }

  Recovery(Segments segments, BlobIndex index) {
    this.segments = segments;
    this.index = index;
  }

  Report run() throws IOException {
    List<Long> found = segments.files().list();
    forgetMissing(new TreeSet<>(found));
    // All of them are known before any is scanned: a tombstone counts while its target exists.
    for (long number : found) {
      recoverCondemned(number);
    }
    for (long number : segments.files().list()) {
      boolean isLast = number == found.get(found.size() - 1);
      recover(number, isLast);
    }
    var report =
        new Report(scannedBytes, recordsFound, recordsDamaged, skippedBytes, tornBytes, blobsLost);
    if (!report.isClean()) {
      LOG.warn("Opened {} segments and found damage: {}", found.size(), report);
    } else if (scannedBytes > 0) {
      LOG.info("Opened {} segments: {}", found.size(), report);
    }
    return report;
  }

  private void forgetMissing(Set<Long> found) throws IOException {
    for (var entry : new ArrayList<>(index.usage().entrySet())) {
      long number = entry.getKey();
      if (!found.contains(number)) {
        if (!entry.getValue().condemned()) {
          LOG.error("Segment {} is missing", number);
          loseBlobs(number, 0);
        }
        index.forget(number);
      }
    }
  }

  private void recoverCondemned(long number) throws IOException {
    SegmentUsage known = index.usage().get(number);
    if (known != null && known.condemned()) {
      segments.files().delete(number);
      index.forget(number);
    } else if (known == null) {
      index.indexedTo(number, 0);
    }
  }

  private void recover(long number, boolean isLast) throws IOException {
    SegmentUsage known = index.usage().get(number);
    long from = known == null ? 0 : known.indexedBytes();
    SegmentFile file = segments.files().open(number);
    boolean keepOpen = false;
    try {
      long size = file.sizeBytes();
      long end = size;
      if (size < from) {
        LOG.error("Segment {} has {} bytes and should have {}", number, size, from);
        loseBlobs(number, size);
        index.indexedTo(number, size);
      } else if (size > from) {
        end = scan(file, number, from, size, isLast);
      }
      if (end < SegmentFormat.SEGMENT_HEADER_BYTES) {
        // The process died when it began the segment.
        segments.files().delete(number);
        index.forget(number);
        return;
      }
      if (isLast && end < size) {
        file.truncate(end);
        // Else, after another power cut, what is left of a torn record could stand behind the
        // beginning of a new one and make the old one whole.
        file.force();
      }
      segments.add(new Segment(number, end, isLast ? file : null));
      keepOpen = isLast;
    } finally {
      if (!keepOpen) {
        file.close();
      }
    }
  }

  /** Returns the end of what is of use. */
  private long scan(SegmentFile file, long number, long from, long size, boolean isLast)
      throws IOException {
    // A process may have died before it forced what it wrote, and the index must not be ahead of
    // the disk.
    file.force();
    long start = from == 0 ? startOfRecords(file, number) : from;
    var batch = new ArrayList<LogRecord>();
    SegmentScanner.Sink sink = (record, header, payload) -> {
      count(record);
      batch.add(record);
      if (batch.size() >= BATCH_RECORDS) {
        index.apply(batch);
        batch.clear();
      }
    };
    SegmentScanner.Result result = new SegmentScanner(file, number, size).scan(start, sink);
    scannedBytes += size - from;
    skippedBytes += result.skippedBytes();
    if (isLast) {
      if (!result.tailIsZero()) {
        tornBytes += size - result.intactEnd();
        logTorn(number, size, result);
      }
    } else {
      // It was forced as a whole when it was sealed: this is no torn tail.
      for (LogRecord damaged : result.tail()) {
        count(damaged);
        batch.add(damaged);
      }
      if (!result.tailIsZero()) {
        skippedBytes += size - result.intactEnd();
      }
    }
    index.apply(batch);
    long end = isLast ? result.intactEnd() : size;
    index.indexedTo(number, end);
    return end;
  }

  private static void logTorn(long number, long size, SegmentScanner.Result result) {
    LOG.warn(
        "Cut a torn tail of {} bytes off segment {}, blobs {}",
        size - result.intactEnd(),
        number,
        result.tail().stream().map(LogRecord::id).toList());
  }

  private static long startOfRecords(SegmentFile file, long number) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(SegmentFormat.SEGMENT_HEADER_BYTES);
    boolean complete = file.readFully(header, 0);
    if (complete && SegmentFormat.isSegmentHeader(header.flip(), number)) {
      return SegmentFormat.SEGMENT_HEADER_BYTES;
    }
    LOG.warn("Segment {} has no intact header", number);
    return 0;
  }

  private void count(LogRecord record) {
    if (record.intact()) {
      recordsFound++;
    } else {
      recordsDamaged++;
      LOG.error(
          "Blob {} is damaged: segment {} at {}",
          record.id(),
          record.at().segment(),
          record.at().offset());
    }
  }

  private void loseBlobs(long segment, long size) throws IOException {
    for (BlobIndex.Entry entry :
        index.find(location -> location.segment() == segment && location.end() > size)) {
      if (index.markDamaged(entry.id(), entry.location())) {
        blobsLost++;
      }
    }
  }
}
