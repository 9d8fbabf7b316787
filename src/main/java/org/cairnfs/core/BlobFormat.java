package org.cairnfs.core;

import java.nio.ByteBuffer;

/**
 * The layouts of a blob: a header of 16 bytes, then the block in frames of one size, each followed
 * by its tag. They differ in the size of the frames: smaller ones make reads here and there faster,
 * larger ones came first and are still read.
 *
 * <p>Header, big-endian: magic {@code CRNB}, version, cipher suite, u16 flags (0), u32 length of
 * the block, 4 zero bytes. It follows from format and length, so a reader that knows them reads
 * frames without reading the header.
 */
public enum BlobFormat {
  /** Read, and no longer written. AES-256-GCM frames under the convergent key of the block. */
  FRAMES_64K(1, 64 << 10),

  /** The same with smaller frames, and a convergent key that no block of the other has. */
  FRAMES_16K(2, 16 << 10);

  public static final int HEADER_BYTES = 16;

  /** What sealing adds to each frame. */
  public static final int TAG_BYTES = 16;

  /** The one that is written. */
  public static final BlobFormat LATEST = FRAMES_16K;

  /** Plaintext of a frame of any format: none has more. */
  public static final int FRAME_MAX_BYTES = FRAMES_64K.frameBytes;

  /** Length of the longest blob: that of a full block. */
  public static final int BLOB_MAX_BYTES = FRAMES_16K.blobLengthOf(Limits.BLOCK_SIZE_BYTES);

  private static final int MAGIC = 0x43524E42;
  private static final int VERSION = 1;

  private final int suite;
  private final int frameBytes;

  BlobFormat(int suite, int frameBytes) {
    this.suite = suite;
    this.frameBytes = frameBytes;
  }

  /** What its blobs have as their cipher suite. */
  public int suite() {
    return suite;
  }

  /** Plaintext of a frame that is not the last one. */
  public int frameBytes() {
    return frameBytes;
  }

  /** How many frames a block of that length has; the last one may be short. */
  public int frameCount(int blockLengthBytes) {
    requireBlockLength(blockLengthBytes);
    return (blockLengthBytes + frameBytes - 1) / frameBytes;
  }

  /** Length of the blob of a block of that length. */
  public int blobLengthOf(int blockLengthBytes) {
    return HEADER_BYTES + blockLengthBytes + TAG_BYTES * frameCount(blockLengthBytes);
  }

  /** Where in the blob the frame begins. */
  public int frameOffset(int frame) {
    return HEADER_BYTES + frame * (frameBytes + TAG_BYTES);
  }

  /** Plaintext bytes in one frame of a block of that length. */
  public int frameLength(int blockLengthBytes, int frame) {
    if (frame < 0 || frame >= frameCount(blockLengthBytes)) {
      throw new IllegalArgumentException(
          "a block of " + blockLengthBytes + " bytes has no frame " + frame);
    }
    return Math.min(frameBytes, blockLengthBytes - frame * frameBytes);
  }

  /**
   * Bytes that {@code frames} consecutive frames, from {@code firstFrame} on, take in the blob,
   * tags included.
   *
   * @param frames at least 1
   */
  public int sealedRunLength(int blockLengthBytes, int firstFrame, int frames) {
    int last = firstFrame + frames - 1;
    return (frames - 1) * (frameBytes + TAG_BYTES)
        + frameLength(blockLengthBytes, last)
        + TAG_BYTES;
  }

  /** Writes the header of a block of that length at the start of {@code out}. */
  public void writeHeader(int blockLengthBytes, byte[] out) {
    ByteBuffer.wrap(out, 0, HEADER_BYTES)
        .putInt(MAGIC)
        .putInt(VERSION << 24 | suite << 16)
        .putInt(blockLengthBytes)
        .putInt(0);
  }

  private static void requireBlockLength(int blockLengthBytes) {
    if (blockLengthBytes < 1 || blockLengthBytes > Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("no block is " + blockLengthBytes + " bytes long");
    }
  }
}
