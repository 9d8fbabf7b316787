package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends records to the active segment, one at a time, and begins a new one when it is full.
 *
 * <p>Two things keep it fast, beside how {@link RecordWriter} writes. Long streams are forced in
 * the background as they grow. And when every small append is synced, zeroes are written ahead of
 * the records, so that a force finds the file's size and blocks unchanged and need not commit them
 * to the file system's journal.
 *
 * <p>Thread-safe.
 */
final class SegmentWriter {
  /** Records written but not in the index; more wait for the next force. Bounds memory. */
  static final int UNINDEXED_RECORDS_MAX = 16 << 10;

  private static final int WRITE_AHEAD_BYTES = 256 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(SegmentWriter.class);

  private final Segments segments;
  private final Unsynced unsynced;
  private final BlobIndex index;
  private final BlobLocator locator;
  private final GroupCommit commit;
  private final SegmentOptions options;
  private final Executor background;

  /** Guards everything below. */
  private final ReentrantLock lock = new ReentrantLock();

  private final DiskSpace space;
  private final RecordWriter records = new RecordWriter();
  private final ByteBuffer zeroes = ByteBuffer.allocateDirect(SegmentFile.PAGE_BYTES);

  /** The segment appended to; its file is acquired. */
  private @Nullable Active active;

  private long lastNumber;
  private boolean closed;

  /** Bytes appended since a force in the background was last asked for. */
  private long unforcedBytes;

  /** Whether a force in the background has been asked for and not begun. Not guarded. */
  private final AtomicBoolean forceQueued = new AtomicBoolean();

  /** The active segment, its file, and up to where zeroes were written ahead. */
  private static final class Active {
    final Segment segment;
    final SegmentFile file;
    long zeroedBytes;

    Active(Segment segment, SegmentFile file) {
      this.segment = segment;
      this.file = file;
    }
  }

  /** Everything the writer works on. */
  record Parts(Segments segments, Unsynced unsynced, BlobIndex index, GroupCommit commit) {}

  /**
   * A writer.
   *
   * @param resumed the segment to go on with, its end known, or null to begin with a new one
   * @param lastNumber the highest number that a segment ever had
   */
  SegmentWriter(
      Parts parts,
      SegmentOptions options,
      Executor background,
      @Nullable Segment resumed,
      long lastNumber)
      throws IOException {
    this.segments = parts.segments();
    this.unsynced = parts.unsynced();
    this.index = parts.index();
    this.commit = parts.commit();
    this.locator = new BlobLocator(unsynced, index);
    this.options = options;
    this.background = background;
    this.space = new DiskSpace(segments.files(), options.reserveMaxBytes());
    this.lastNumber = lastNumber;
    SegmentFile file = resumed == null ? null : resumed.acquire(segments);
    this.active = resumed == null || file == null ? null : new Active(resumed, file);
  }

  /** Adds a blob unless it is there; returns whether it was added. */
  boolean append(BlobId id, ByteBuffer blob) throws IOException {
    if (blob.remaining() > SegmentFormat.PAYLOAD_MAX_BYTES) {
      throw new IllegalArgumentException("a blob of " + blob.remaining() + " bytes is too long");
    }
    awaitRoom();
    var header = new RecordHeader(RecordKind.BLOB, blob.remaining(), id, SegmentFormat.crc(blob));
    lock.lock();
    try {
      if (locator.locate(id) != null) {
        unsynced.forgetLost(id);
        blob.position(blob.limit());
        return false;
      }
      space.require((long) SegmentFormat.RECORD_HEADER_BYTES + blob.remaining());
      Active to = writable();
      Location at = write(to, header, blob);
      unsynced.add(LogRecord.blob(id, at), to.segment, false, at.payloadBytes());
      blob.position(blob.limit());
    } finally {
      lock.unlock();
    }
    return true;
  }

  /** Buries a blob, if it is there. May use the reserve: it is how space comes back. */
  void delete(BlobId id) throws IOException {
    awaitRoom();
    lock.lock();
    try {
      Location dead = locator.locate(id);
      if (dead == null) {
        unsynced.forgetLost(id);
        if (index.damagedBlobs() > 0) {
          index.forgetDamaged(id);
        }
      } else {
        bury(id, LogRecord.Place.of(dead), false, -(long) dead.payloadBytes());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes a blob again that compaction moves, unless it is no longer at {@code from}. May use the
   * reserve.
   */
  void copyBlob(RecordHeader header, Location from, ByteBuffer payload) throws IOException {
    awaitRoom();
    lock.lock();
    try {
      if (from.equals(locator.locate(header.id()))) {
        Active to = writable();
        Location at = write(to, header, payload);
        unsynced.add(LogRecord.blob(header.id(), at), to.segment, true, 0);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes a tombstone again that compaction moves. May use the reserve. */
  void copyTombstone(BlobId id, LogRecord.Place target) throws IOException {
    awaitRoom();
    lock.lock();
    try {
      bury(id, target, true, 0);
    } finally {
      lock.unlock();
    }
  }

  private void bury(BlobId id, LogRecord.Place target, boolean isCopy, long payloadDelta)
      throws IOException {
    ByteBuffer payload = SegmentFormat.tombstonePayload(target.segment(), target.offset());
    int crc = SegmentFormat.crc(payload);
    var header = new RecordHeader(RecordKind.TOMBSTONE, payload.remaining(), id, crc);
    Active to = writable();
    Location at = write(to, header, payload);
    unsynced.add(LogRecord.tombstone(id, at, target), to.segment, isCopy, payloadDelta);
  }

  /** The number of the segment appended to, or 0 if there is none. */
  long activeNumber() {
    lock.lock();
    try {
      return active == null ? 0 : active.segment.number();
    } finally {
      lock.unlock();
    }
  }

  /** Seals the active segment, so that it can be compacted; the next append begins a new one. */
  void seal() throws IOException {
    lock.lock();
    try {
      sealActive();
    } finally {
      lock.unlock();
    }
  }

  /** Forces what there is, cuts off what was written ahead, and appends nothing any more. */
  void close() throws IOException {
    lock.lock();
    try {
      sealActive();
    } finally {
      closed = true;
      lock.unlock();
    }
  }

  /** Keeps the number of records that only memory knows bounded. */
  private void awaitRoom() throws IOException {
    if (unsynced.size() >= UNINDEXED_RECORDS_MAX) {
      commit.forceAndIndex();
    }
  }

  /** The active segment, after beginning a new one if need be. */
  private Active writable() throws IOException {
    if (closed) {
      throw new IOException("the segment store is closed");
    }
    Active current = active;
    if (current != null
        && !current.segment.failed()
        && current.segment.endBytes() < options.segmentBytes()) {
      return current;
    }
    if (current != null) {
      sealActive();
      // A start after a crash reads what the index has not flushed: keep that to a segment or two.
      inBackground(this::flushIndex);
    }
    Active begun = begin();
    active = begun;
    return begun;
  }

  private Active begin() throws IOException {
    long number = ++lastNumber;
    ByteBuffer header = SegmentFormat.segmentHeader(number);
    var segment = new Segment(number, header.remaining(), null);
    try {
      SegmentFile file = segments.files().create(number);
      var begun = new Active(segment, file);
      segment.adopt(file);
      file.write(header, 0);
      segments.add(segment);
      return begun;
    } catch (IOException e) {
      discard(segment, e);
      throw space.explain(e, SegmentFormat.SEGMENT_HEADER_BYTES);
    }
  }

  private void discard(Segment segment, IOException cause) {
    try {
      segment.close();
      segments.files().delete(segment.number());
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private void sealActive() throws IOException {
    Active sealed = active;
    if (sealed == null) {
      return;
    }
    if (!sealed.segment.failed()) {
      commit.force();
    }
    active = null;
    if (sealed.segment.failed()) {
      sealed.segment.endBytes(durableEnd(sealed.segment.number()));
    }
    truncate(sealed, sealed.segment.endBytes());
    sealed.segment.release();
  }

  private long durableEnd(long segment) {
    SegmentUsage known = index.usage().get(segment);
    long indexed = known == null ? 0 : known.indexedBytes();
    long durable = Math.max(indexed, unsynced.endOf(segment));
    return Math.max(durable, SegmentFormat.SEGMENT_HEADER_BYTES);
  }

  private Location write(Active to, RecordHeader header, ByteBuffer payload) throws IOException {
    Segment segment = to.segment;
    var at = new Location(segment.number(), segment.endBytes(), header.payloadBytes());
    try {
      records.write(to.file, header, payload.duplicate(), at);
    } catch (IOException e) {
      truncate(to, at.offset());
      throw space.explain(e, at.recordBytes());
    }
    segment.endBytes(at.end());
    if (at.recordBytes() < WRITE_AHEAD_BYTES) { // among large ones zeroes would be another copy
      writeAhead(to, at.end());
    }
    unforcedBytes += at.recordBytes();
    if (unforcedBytes >= options.forceEveryBytes() && forceQueued.compareAndSet(false, true)) {
      unforcedBytes = 0;
      inBackground(this::forceQuietly);
    }
    return at;
  }

  private void writeAhead(Active to, long end) {
    if (!commit.lastForceWasSmall() || end <= to.zeroedBytes) {
      return;
    }
    long count = Math.min(WRITE_AHEAD_BYTES, options.segmentBytes() - end);
    if (count <= 0) {
      return;
    }
    try {
      // A page at a time: the page cache keeps what is written at once in one piece, and would
      // count all of it as written again with every record.
      int page = SegmentFile.PAGE_BYTES;
      for (long at = end; at < end + count; ) {
        long chunk = Math.min(page - at % page, end + count - at);
        to.file.write(zeroes.clear().limit((int) chunk), at);
        at += chunk;
      }
      to.zeroedBytes = end + count;
    } catch (IOException e) {
      // It was for speed only; the disk may just be full.
      LOG.debug("Cannot write ahead in segment {}", to.segment.number(), e);
      truncate(to, end);
    }
  }

  /** Cuts off what is no record. A scan would skip it, so failing to is no harm. */
  private static void truncate(Active to, long size) {
    to.zeroedBytes = 0;
    try {
      to.file.truncate(size);
    } catch (IOException e) {
      LOG.warn("Cannot cut segment {} to {} bytes", to.segment.number(), size, e);
    }
  }

  private void inBackground(Runnable task) {
    try {
      background.execute(task);
    } catch (RejectedExecutionException e) {
      forceQueued.set(false);
      LOG.debug("No background work any more: the node is stopping", e);
    }
  }

  private void forceQuietly() {
    forceQueued.set(false);
    try {
      commit.force();
    } catch (IOException e) {
      LOG.error("Cannot sync blobs; the next sync will fail", e);
    }
  }

  private void flushIndex() {
    try {
      index.flush();
    } catch (IOException | IllegalStateException e) {
      LOG.warn("Cannot flush the blob index; the next start takes longer", e);
    }
  }
}
