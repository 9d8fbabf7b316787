package org.cairnfs.store;

import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * A record of the log of segments, as it was written or as a scan found it.
 *
 * @param at where it is
 * @param kind what it says
 * @param id the blob that it is about
 * @param target of a tombstone: the place of the dead record; else null
 * @param intact whether the payload is as it was written
 */
record LogRecord(
    Location at, RecordKind kind, BlobId id, @Nullable Place target, boolean intact) {

  /** Start of a record. */
  record Place(long segment, long offset) {
    boolean isStartOf(Location location) {
      return segment == location.segment() && offset == location.offset();
    }

    static Place of(Location location) {
      return new Place(location.segment(), location.offset());
    }
  }

  static LogRecord blob(BlobId id, Location at) {
    return new LogRecord(at, RecordKind.BLOB, id, null, true);
  }

  static LogRecord tombstone(BlobId id, Location at, Place target) {
    return new LogRecord(at, RecordKind.TOMBSTONE, id, target, true);
  }

  static LogRecord damaged(RecordHeader header, Location at) {
    return new LogRecord(at, header.kind(), header.id(), null, false);
  }
}
