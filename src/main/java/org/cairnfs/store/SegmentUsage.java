package org.cairnfs.store;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of a segment is still needed, as far as the index knows the segment. Kept in the index. Not
 * thread-safe.
 */
final class SegmentUsage {
  private static final int FIXED_BYTES = 1 + Long.BYTES + Long.BYTES + Long.BYTES + Integer.BYTES;
  private static final int TARGET_BYTES = Long.BYTES + Integer.BYTES;
  private static final long TOMBSTONE_BYTES =
      SegmentFormat.RECORD_HEADER_BYTES + SegmentFormat.TOMBSTONE_PAYLOAD_BYTES;

  /** Everything before it is in the index. */
  private long indexedBytes;

  private long liveBlobs;
  private long livePayloadBytes;

  /** Its content has been copied elsewhere; the file is to be deleted. */
  private boolean condemned;

  /** How many tombstones it holds for records of each other segment that still exists. */
  private final Map<Long, Integer> tombstonesByTarget = new TreeMap<>();

  SegmentUsage() {}

  SegmentUsage(SegmentUsage other) {
    indexedBytes = other.indexedBytes;
    liveBlobs = other.liveBlobs;
    livePayloadBytes = other.livePayloadBytes;
    condemned = other.condemned;
    tombstonesByTarget.putAll(other.tombstonesByTarget);
  }

  long indexedBytes() {
    return indexedBytes;
  }

  void indexedBytes(long bytes) {
    indexedBytes = bytes;
  }

  long liveBlobs() {
    return liveBlobs;
  }

  long livePayloadBytes() {
    return livePayloadBytes;
  }

  boolean condemned() {
    return condemned;
  }

  void condemn() {
    condemned = true;
  }

  /** Bytes that compaction would have to copy. */
  long liveBytes() {
    long tombstones =
        tombstonesByTarget.values().stream().mapToLong(Integer::longValue).sum();
    return livePayloadBytes
        + liveBlobs * SegmentFormat.RECORD_HEADER_BYTES
        + tombstones * TOMBSTONE_BYTES;
  }

  void addBlob(int payloadBytes) {
    liveBlobs++;
    livePayloadBytes += payloadBytes;
  }

  void removeBlob(int payloadBytes) {
    liveBlobs--;
    livePayloadBytes -= payloadBytes;
  }

  void addTombstone(long targetSegment) {
    tombstonesByTarget.merge(targetSegment, 1, Integer::sum);
  }

  boolean hasTombstonesFor(long targetSegment) {
    return tombstonesByTarget.containsKey(targetSegment);
  }

  void removeTombstonesFor(long targetSegment) {
    tombstonesByTarget.remove(targetSegment);
  }

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(FIXED_BYTES + tombstonesByTarget.size() * TARGET_BYTES)
        .put((byte) (condemned ? 1 : 0))
        .putLong(indexedBytes)
        .putLong(liveBlobs)
        .putLong(livePayloadBytes)
        .putInt(tombstonesByTarget.size());
    tombstonesByTarget.forEach((target, count) -> out.putLong(target).putInt(count));
    return out.array();
  }

  /**
   * From {@link #encode}.
   *
   * @throws java.nio.BufferUnderflowException if bytes are missing
   */
  static SegmentUsage decode(byte[] bytes) {
    var usage = new SegmentUsage();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    usage.condemned = in.get() != 0;
    usage.indexedBytes = in.getLong();
    usage.liveBlobs = in.getLong();
    usage.livePayloadBytes = in.getLong();
    for (int i = in.getInt(); i > 0; i--) {
      long target = in.getLong();
      usage.tombstonesByTarget.put(target, in.getInt());
    }
    return usage;
  }
}
