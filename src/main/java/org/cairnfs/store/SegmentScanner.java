package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the records of a segment by reading all of it, without the index. Not thread-safe.
 *
 * <p>After anything that is not an intact record it looks for the next header byte by byte: a
 * length, even one with a good checksum, may reach over records written later. That cannot find a
 * false record, since the checksum of a header holds at its own place only.
 */
final class SegmentScanner {
  private static final int WINDOW_BYTES = 4 << 20;

  private final long segment;
  private final Window window;

  /** Told what is found, in the order of the file. */
  interface Sink {
    /**
     * A record.
     *
     * @param record where it is, what it says, and whether its payload is intact
     * @param header its header
     * @param payload its payload, valid during the call; empty if it is damaged
     */
    void record(LogRecord record, RecordHeader header, ByteBuffer payload) throws IOException;
  }

  /**
   * How a scan ended.
   *
   * @param intactEnd where the last intact record ends, or where the scan began if there is none
   * @param tail damaged records after it, which the sink was not told
   * @param skippedBytes bytes before {@code intactEnd} that are in no intact record
   * @param tailIsZero whether there is nothing but zeroes after it
   */
  record Result(long intactEnd, List<LogRecord> tail, long skippedBytes, boolean tailIsZero) {}

  SegmentScanner(SegmentFile file, long segment, long sizeBytes) {
    this.segment = segment;
    this.window = new Window(file, sizeBytes);
  }

  /** Scans from an offset, which should be where a record starts, to the end of the file. */
  Result scan(long from, Sink sink) throws IOException {
    var suspects = new ArrayList<LogRecord>();
    long intactEnd = from;
    long skippedBytes = 0;
    long offset = from;
    while (true) {
      ByteBuffer bytes = window.at(offset, SegmentFormat.RECORD_HEADER_BYTES);
      if (bytes == null) {
        break;
      }
      RecordHeader header = SegmentFormat.recordHeader(bytes, segment, offset);
      if (header != null) {
        var at = new Location(segment, offset, header.payloadBytes());
        ByteBuffer payload = window.at(at.payloadOffset(), header.payloadBytes());
        if (payload != null && SegmentFormat.crc(payload) == header.payloadCrc()) {
          for (LogRecord suspect : suspects) {
            sink.record(suspect, header(suspect), ByteBuffer.allocate(0));
          }
          suspects.clear();
          skippedBytes += offset - intactEnd;
          sink.record(intact(header, at, payload), header, payload);
          offset = at.end();
          intactEnd = offset;
          continue;
        }
        suspects.add(LogRecord.damaged(header, at));
      }
      offset = window.findRecord(offset + 1);
    }
    return new Result(intactEnd, suspects, skippedBytes, window.isZeroFrom(intactEnd));
  }

  private static LogRecord intact(RecordHeader header, Location at, ByteBuffer payload) {
    if (header.kind() == RecordKind.BLOB) {
      return LogRecord.blob(header.id(), at);
    }
    var target = new LogRecord.Place(
        payload.getLong(payload.position()), payload.getLong(payload.position() + Long.BYTES));
    return LogRecord.tombstone(header.id(), at, target);
  }

  private static RecordHeader header(LogRecord damaged) {
    return new RecordHeader(damaged.kind(), damaged.at().payloadBytes(), damaged.id(), 0);
  }

  /** The part of the file in memory; moves forwards. */
  private static final class Window {
    private final SegmentFile file;
    private final long sizeBytes;
    private final ByteBuffer buffer = ByteBuffer.allocate(WINDOW_BYTES).limit(0);

    /** Offset in the file of the buffer's first byte. */
    private long start;

    Window(SegmentFile file, long sizeBytes) {
      this.file = file;
      this.sizeBytes = sizeBytes;
    }

    /** That part of the file, valid until the next call, or null if the file ends before. */
    @Nullable
    ByteBuffer at(long offset, int length) throws IOException {
      if (offset + length > sizeBytes) {
        return null;
      }
      if (offset < start || offset + length > start + buffer.limit()) {
        load(offset);
      }
      return buffer.limit() - (offset - start) < length
          ? null
          : buffer.slice((int) (offset - start), length);
    }

    /** The offset of the next thing that starts like a record, or the end of the file. */
    long findRecord(long from) throws IOException {
      long found = find(from, value -> value == SegmentFormat.RECORD_MAGIC_FIRST_BYTE);
      return found < 0 ? sizeBytes : found;
    }

    boolean isZeroFrom(long from) throws IOException {
      return find(from, value -> value != 0) == sizeBytes;
    }

    /** The offset of the next byte that is like that; the end if there is none; -1 if it is cut. */
    private long find(long from, IntPredicate wanted) throws IOException {
      long offset = from;
      while (offset < sizeBytes) {
        ByteBuffer bytes = at(offset, (int) Math.min(sizeBytes - offset, 1 << 16));
        if (bytes == null) {
          return -1;
        }
        for (int i = 0; i < bytes.limit(); i++) {
          if (wanted.test(bytes.get(i))) {
            return offset + i;
          }
        }
        offset += bytes.limit();
      }
      return sizeBytes;
    }

    private void load(long offset) throws IOException {
      long kept = start + buffer.limit() - offset;
      if (offset >= start && kept > 0) {
        buffer.position((int) (offset - start)).compact();
      } else {
        buffer.clear();
      }
      start = offset;
      long wanted = Math.min(buffer.capacity(), sizeBytes - start);
      buffer.limit((int) wanted);
      // A file that ends early is no error here: what is missing is not found.
      boolean unused = file.readFully(buffer, start + buffer.position());
      buffer.flip();
    }
  }
}
