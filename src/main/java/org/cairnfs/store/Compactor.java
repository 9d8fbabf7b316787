package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the space of dead records back: copies what is live of a segment to the end of the log and
 * deletes the segment.
 *
 * <p>It may stop anywhere. A copy that is on disk supersedes its original; one that is not is as if
 * it had never been made. The file goes only after all copies are on disk and the index knows them,
 * and the segment is first marked condemned, so that a start after a crash deletes it rather than
 * reads it. A tombstone is copied as long as the segment exists in which the dead record is.
 *
 * <p>Thread-safe; one compaction runs at a time.
 */
final class Compactor {
  /** A segment is compacted if less than one such part of it is live. */
  private static final int LIVE_DIVISOR = 2;

  /**
   * An active segment of less than this part of a full one is left alone, however little of it is
   * live: what would come back is not worth a copy of the rest.
   */
  private static final int ACTIVE_MIN_DIVISOR = 32;

  private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);

  private final Segments segments;
  private final BlobIndex index;
  private final BlobLocator locator;
  private final GroupCommit commit;
  private final SegmentWriter writer;
  private final long activeMinBytes;
  private final Supplier<MessageDigest> digests;

  /** Held while a compaction runs. */
  private final ReentrantLock running = new ReentrantLock();

  Compactor(SegmentWriter.Parts parts, SegmentWriter writer, SegmentOptions options) {
    this.segments = parts.segments();
    this.index = parts.index();
    this.locator = new BlobLocator(parts.unsynced(), parts.index());
    this.commit = parts.commit();
    this.writer = writer;
    this.digests = options.sha256();
    this.activeMinBytes = options.segmentBytes() / ACTIVE_MIN_DIVISOR;
  }

  /**
   * Compacts until there is nothing to gain, or so many bytes were copied; returns the bytes given
   * back.
   */
  long compact(long copiedMaxBytes) throws IOException {
    running.lock();
    try {
      commit.forceAndIndex();
      long before = segments.totalBytes();
      sealActiveIfDead();
      long copied = 0;
      for (Long victim = nextVictim();
          victim != null && copied < copiedMaxBytes;
          victim = nextVictim()) {
        copied += liveBytes(victim);
        compactSegment(victim);
        sealActiveIfDead();
      }
      return Math.max(0, before - segments.totalBytes());
    } finally {
      running.unlock();
    }
  }

  private void sealActiveIfDead() throws IOException {
    long active = writer.activeNumber();
    SegmentUsage usage = index.usage().get(active);
    if (usage != null && usage.indexedBytes() >= activeMinBytes && isMostlyDead(usage)) {
      writer.seal();
    }
  }

  private static boolean isMostlyDead(SegmentUsage usage) {
    return usage.liveBytes() < usage.indexedBytes() / LIVE_DIVISOR;
  }

  /** The segment that has least to copy, or null if none is worth it. */
  private @Nullable Long nextVictim() {
    long active = writer.activeNumber();
    Long best = null;
    long bestLiveBytes = Long.MAX_VALUE;
    for (var entry : index.usage().entrySet()) {
      SegmentUsage usage = entry.getValue();
      boolean eligible = entry.getKey() != active && (usage.condemned() || isMostlyDead(usage));
      if (eligible && usage.liveBytes() < bestLiveBytes) {
        best = entry.getKey();
        bestLiveBytes = usage.liveBytes();
      }
    }
    return best;
  }

  private void compactSegment(long victim) throws IOException {
    if (liveBytes(victim) > 0) {
      copyLive(victim);
      commit.forceAndIndex();
    }
    if (liveBlobs(victim) > 0) {
      rescue(victim);
      commit.forceAndIndex();
    }
    if (liveBlobs(victim) > 0) {
      throw new IOException("segment " + victim + " holds blobs that could not be moved");
    }
    index.condemn(victim);
    delete(victim);
  }

  /** Deletes the file of a segment that is condemned. */
  private void delete(long condemned) throws IOException {
    try {
      index.flush();
    } catch (DiskFullException e) {
      // The file is what stands in the way. Without the flush a start after a crash has to look
      // for the blobs of a segment that is gone, and finds them elsewhere, if anywhere.
      LOG.warn("Deleting segment {} before the index is flushed", condemned, e);
    }
    segments.delete(condemned);
    index.forget(condemned);
  }

  /**
   * Deletes the oldest segments with all that is in them, but for the active one, until no more
   * than so many bytes are left; returns the bytes given back.
   */
  long evict(long maxBytes) throws IOException {
    running.lock();
    try {
      commit.forceAndIndex();
      long before = segments.totalBytes();
      long active = writer.activeNumber();
      for (Long oldest = oldest(); oldest != null && oldest != active; oldest = oldest()) {
        if (segments.totalBytes() <= maxBytes) {
          break;
        }
        index.evict(oldest);
        delete(oldest);
      }
      return Math.max(0, before - segments.totalBytes());
    } finally {
      running.unlock();
    }
  }

  private @Nullable Long oldest() {
    return index.usage().isEmpty() ? null : index.usage().firstKey();
  }

  private long liveBytes(long segment) {
    SegmentUsage usage = index.usage().get(segment);
    return usage == null ? 0 : usage.liveBytes();
  }

  private long liveBlobs(long segment) {
    SegmentUsage usage = index.usage().get(segment);
    return usage == null ? 0 : usage.liveBlobs();
  }

  private interface Reader {
    void read(SegmentFile file) throws IOException;
  }

  private void withFile(long segment, Reader reader) throws IOException {
    Segment victim = segments.get(segment);
    SegmentFile file = victim == null ? null : victim.acquire(segments);
    if (victim == null || file == null) {
      return;
    }
    try {
      reader.read(file);
    } finally {
      victim.release();
    }
  }

  private void copyLive(long victim) throws IOException {
    SegmentUsage usage = index.usage().get(victim);
    if (usage == null) {
      return;
    }
    withFile(
        victim,
        file -> new SegmentScanner(file, victim, usage.indexedBytes())
            .scan(SegmentFormat.SEGMENT_HEADER_BYTES, this::copy));
  }

  private void copy(LogRecord record, RecordHeader header, ByteBuffer payload) throws IOException {
    if (record.kind() == RecordKind.TOMBSTONE) {
      LogRecord.Place target = record.target();
      if (target != null
          && target.segment() != record.at().segment()
          && segments.contains(target.segment())) {
        writer.copyTombstone(record.id(), target);
      }
    } else if (record.intact() && record.at().equals(locator.locate(record.id()))) {
      writer.copyBlob(header, record.at(), payload);
    }
  }

  /** Moves the blobs that the index knows and the scan did not find: their headers are damaged. */
  private void rescue(long victim) throws IOException {
    for (BlobIndex.Entry entry : index.find(location -> location.segment() == victim)) {
      ByteBuffer payload = ByteBuffer.allocate(entry.location().payloadBytes());
      withFile(victim, file -> readPayload(file, entry.location(), payload));
      payload.flip();
      if (sha256(payload).equals(entry.id())) {
        var header = new RecordHeader(
            RecordKind.BLOB, payload.remaining(), entry.id(), SegmentFormat.crc(payload));
        writer.copyBlob(header, entry.location(), payload);
      } else if (index.markDamaged(entry.id(), entry.location())) {
        LOG.error("Blob {} is damaged, found when segment {} was compacted", entry.id(), victim);
      }
    }
  }

  private static void readPayload(SegmentFile file, Location at, ByteBuffer into)
      throws IOException {
    // If the file ends early, the hash of what there is will tell.
    boolean unused = file.readFully(into, at.payloadOffset());
  }

  private BlobId sha256(ByteBuffer bytes) {
    MessageDigest digest = digests.get();
    digest.update(bytes.duplicate());
    return BlobId.of(digest.digest());
  }
}
