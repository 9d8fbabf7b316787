package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of segment files, as docs/formats.md specifies them. All numbers are big-endian.
 *
 * <p>The checksum of a record's header also covers the segment's number and the record's offset. So
 * a header is valid at its own place only: bytes of a deleted segment that turn up in a new file
 * after a power cut, or a record inside the payload of a damaged one, are never taken for a record.
 */
final class SegmentFormat {
  static final int VERSION = 1;
  static final int SEGMENT_HEADER_BYTES = 20;
  static final int RECORD_HEADER_BYTES = 52;
  static final int TOMBSTONE_PAYLOAD_BYTES = 16;

  /** More than any sealed block; bounds what a damaged length can make a scan read. */
  static final int PAYLOAD_MAX_BYTES = 2 << 20;

  /** First byte of a record; the other three of the magic follow. */
  static final byte RECORD_MAGIC_FIRST_BYTE = 'C';

  private static final int SEGMENT_MAGIC = 0x43524e53; // "CRNS"
  private static final int RECORD_MAGIC = 0x43524e52; // "CRNR"
  private static final int RECORD_VERSION = 1;
  private static final int HEADER_CRC_OFFSET = RECORD_HEADER_BYTES - Integer.BYTES;

  private SegmentFormat() {}

  /** CRC-32C of the bytes from position to limit; the position stays. */
  static int crc(ByteBuffer bytes) {
    var crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /** The header of a segment file, ready to be written. */
  static ByteBuffer segmentHeader(long segment) {
    ByteBuffer header = ByteBuffer.allocate(SEGMENT_HEADER_BYTES);
    header.putInt(SEGMENT_MAGIC).putInt(VERSION).putLong(segment);
    return header.putInt(crc(header.duplicate().flip())).flip();
  }

  /**
   * Whether these are the bytes of an intact segment header.
   *
   * @throws IOException if it is intact but of a version that this one cannot read
   */
  static boolean isSegmentHeader(ByteBuffer bytes, long segment) throws IOException {
    if (bytes.remaining() < SEGMENT_HEADER_BYTES) {
      return false;
    }
    int start = bytes.position();
    int crcOffset = SEGMENT_HEADER_BYTES - Integer.BYTES;
    if (bytes.getInt(start) != SEGMENT_MAGIC
        || bytes.getInt(start + crcOffset) != crc(bytes.slice(start, crcOffset))) {
      return false;
    }
    int version = bytes.getInt(start + Integer.BYTES);
    if (version != VERSION) {
      throw new IOException(
          "segment " + segment + " has format version " + version + ", not " + VERSION);
    }
    return bytes.getLong(start + 2 * Integer.BYTES) == segment;
  }

  /** Writes the header at the position of {@code out} and moves the position past it. */
  static void putRecordHeader(ByteBuffer out, RecordHeader header, long segment, long offset) {
    int start = out.position();
    out.putInt(RECORD_MAGIC)
        .put((byte) RECORD_VERSION)
        .put((byte) header.kind().code())
        .putShort((short) 0)
        .putInt(header.payloadBytes());
    header.id().write(out);
    out.putInt(header.payloadCrc());
    out.putInt(headerCrc(out.slice(start, HEADER_CRC_OFFSET), segment, offset));
  }

  /**
   * Reads the header at the position of {@code in}, which stays.
   *
   * @return null unless there is an intact one that belongs at that offset of that segment
   */
  static @Nullable RecordHeader recordHeader(ByteBuffer in, long segment, long offset) {
    int start = in.position();
    if (in.remaining() < RECORD_HEADER_BYTES
        || in.getInt(start) != RECORD_MAGIC
        || in.getInt(start + HEADER_CRC_OFFSET)
            != headerCrc(in.slice(start, HEADER_CRC_OFFSET), segment, offset)) {
      return null;
    }
    ByteBuffer fields = in.slice(start, RECORD_HEADER_BYTES).position(Integer.BYTES);
    int version = fields.get();
    RecordKind kind = RecordKind.of(fields.get());
    int reserved = fields.getShort();
    int payloadBytes = fields.getInt();
    if (version != RECORD_VERSION
        || kind == null
        || reserved != 0
        || payloadBytes < 0
        || payloadBytes > PAYLOAD_MAX_BYTES
        || (kind == RecordKind.TOMBSTONE && payloadBytes != TOMBSTONE_PAYLOAD_BYTES)) {
      return null;
    }
    return new RecordHeader(kind, payloadBytes, BlobId.read(fields), fields.getInt());
  }

  /** The payload of a tombstone for the blob record at that place. */
  static ByteBuffer tombstonePayload(long targetSegment, long targetOffset) {
    return ByteBuffer.allocate(TOMBSTONE_PAYLOAD_BYTES)
        .putLong(targetSegment)
        .putLong(targetOffset)
        .flip();
  }

  private static int headerCrc(ByteBuffer fields, long segment, long offset) {
    var crc = new CRC32C();
    crc.update(fields);
    crc.update(
        ByteBuffer.allocate(2 * Long.BYTES).putLong(segment).putLong(offset).flip());
    return (int) crc.getValue();
  }
}
