package org.cairnfs.store;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.function.Supplier;

/**
 * Sizes of a segment store, and what it hashes with.
 *
 * @param segmentBytes a segment that has reached it is sealed and a new one begun
 * @param reserveMaxBytes free space of the disk that appends leave for deletes, compaction and the
 *     metadata: this much, or a hundredth of a small disk
 * @param forceEveryBytes after so many bytes not asked to be synced, they are synced in the
 *     background, so that the page cache holds no long burst that a later sync must wait for
 * @param openFilesMax sealed segments kept open for reading
 * @param sha256 makes the digests that blobs are verified with
 */
public record SegmentOptions(
    long segmentBytes,
    long reserveMaxBytes,
    long forceEveryBytes,
    int openFilesMax,
    Supplier<MessageDigest> sha256) {
  /** What a node uses. */
  public static final SegmentOptions DEFAULT =
      new SegmentOptions(256L << 20, 256L << 20, 32L << 20, 256);

  /**
   * Space comes back by segments, and to compact one takes as much room as is live in it: both must
   * be possible while a small disk is nearly full.
   */
  private static final int SEGMENTS_A_DISK_MIN = 32;

  private static final long SEGMENT_MIN_BYTES = 8L << 20;

  /** Segments of a store that evicts: it gives back one at a time. */
  private static final int SEGMENTS_A_CACHE = 16;

  public SegmentOptions {
    if (segmentBytes < 1 || reserveMaxBytes < 0 || forceEveryBytes < 1 || openFilesMax < 1) {
      throw new IllegalArgumentException("sizes must be positive");
    }
  }

  /** With the digests of the JDK. */
  public SegmentOptions(
      long segmentBytes, long reserveMaxBytes, long forceEveryBytes, int openFilesMax) {
    this(segmentBytes, reserveMaxBytes, forceEveryBytes, openFilesMax, SegmentOptions::jdkSha256);
  }

  private static MessageDigest jdkSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The same with other digests. */
  public SegmentOptions with(Supplier<MessageDigest> digests) {
    return new SegmentOptions(
        segmentBytes, reserveMaxBytes, forceEveryBytes, openFilesMax, digests);
  }

  /** {@link #DEFAULT}, with smaller segments on a small disk. */
  public static SegmentOptions forDisk(long totalBytes) {
    long share = Math.max(SEGMENT_MIN_BYTES, totalBytes / SEGMENTS_A_DISK_MIN);
    return new SegmentOptions(
        Math.min(DEFAULT.segmentBytes, share),
        DEFAULT.reserveMaxBytes,
        DEFAULT.forceEveryBytes,
        DEFAULT.openFilesMax);
  }

  /** {@link #DEFAULT}, with segments of which several fit into a store of that size. */
  public static SegmentOptions forCache(long maxBytes) {
    long share = Math.max(SEGMENT_MIN_BYTES, maxBytes / SEGMENTS_A_CACHE);
    return new SegmentOptions(
        Math.min(DEFAULT.segmentBytes, share),
        DEFAULT.reserveMaxBytes,
        DEFAULT.forceEveryBytes,
        DEFAULT.openFilesMax);
  }
}
