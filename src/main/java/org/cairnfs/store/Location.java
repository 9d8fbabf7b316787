package org.cairnfs.store;

/**
 * Where a record is.
 *
 * @param segment number of the segment
 * @param offset first byte of the record's header in the segment's file
 * @param payloadBytes length of what follows the header
 */
record Location(long segment, long offset, int payloadBytes) {
  /** First byte of the payload in the segment's file. */
  long payloadOffset() {
    return offset + SegmentFormat.RECORD_HEADER_BYTES;
  }

  /** First byte after the record. */
  long end() {
    return payloadOffset() + payloadBytes;
  }

  /** Bytes of header and payload. */
  long recordBytes() {
    return (long) SegmentFormat.RECORD_HEADER_BYTES + payloadBytes;
  }

  /** Whether the record was written after the other: records are only ever added at the end. */
  boolean isAfter(Location other) {
    return segment != other.segment ? segment > other.segment : offset > other.offset;
  }
}
