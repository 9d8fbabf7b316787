package org.cairnfs.crypto;

import java.nio.ByteBuffer;
import org.cairnfs.core.Limits;

/**
 * The layout of a blob: a header of 16 bytes, then the block in frames of 64 KiB, each followed by
 * its tag.
 *
 * <p>Header, big-endian: magic {@code CRNB}, version, cipher suite, u16 flags (0), u32 length of
 * the block, 4 zero bytes. It follows from the block's length alone, so a reader that knows the
 * length reads frames without reading the header.
 */
public final class BlobFormat {
  public static final int HEADER_BYTES = 16;

  /** What sealing adds to each frame. */
  public static final int TAG_BYTES = 16;

  /** A whole frame as stored. */
  public static final int SEALED_FRAME_BYTES = Limits.FRAME_SIZE_BYTES + TAG_BYTES;

  /** Length of the blob of a full block: no blob is longer. */
  public static final int BLOB_MAX_BYTES = blobLengthOf(Limits.BLOCK_SIZE_BYTES);

  private static final int MAGIC = 0x43524E42;
  private static final int VERSION = 1;

  /** AES-256-GCM frames under the convergent key of the block. */
  private static final int SUITE = 1;

  private static final int VERSION_AND_SUITE = VERSION << 24 | SUITE << 16;

  private BlobFormat() {}

  /** How many frames a block of that length has; the last one may be short. */
  public static int frameCount(int blockLengthBytes) {
    requireBlockLength(blockLengthBytes);
    return (blockLengthBytes + Limits.FRAME_SIZE_BYTES - 1) / Limits.FRAME_SIZE_BYTES;
  }

  /** Length of the blob of a block of that length. */
  public static int blobLengthOf(int blockLengthBytes) {
    return HEADER_BYTES + blockLengthBytes + TAG_BYTES * frameCount(blockLengthBytes);
  }

  /** Where in the blob the frame begins. */
  public static int frameOffset(int frame) {
    return HEADER_BYTES + frame * SEALED_FRAME_BYTES;
  }

  /** Plaintext bytes in one frame of a block of that length. */
  public static int frameLength(int blockLengthBytes, int frame) {
    if (frame < 0 || frame >= frameCount(blockLengthBytes)) {
      throw new IllegalArgumentException(
          "a block of " + blockLengthBytes + " bytes has no frame " + frame);
    }
    return Math.min(Limits.FRAME_SIZE_BYTES, blockLengthBytes - frame * Limits.FRAME_SIZE_BYTES);
  }

  /**
   * Bytes that {@code frames} consecutive frames, from {@code firstFrame} on, take in the blob,
   * tags included.
   *
   * @param frames at least 1
   */
  public static int sealedRunLength(int blockLengthBytes, int firstFrame, int frames) {
    int last = firstFrame + frames - 1;
    return (frames - 1) * SEALED_FRAME_BYTES + frameLength(blockLengthBytes, last) + TAG_BYTES;
  }

  /** Writes the header of a block of that length at {@code offset}. */
  static void writeHeader(int blockLengthBytes, byte[] out, int offset) {
    ByteBuffer.wrap(out, offset, HEADER_BYTES)
        .putInt(MAGIC)
        .putInt(VERSION_AND_SUITE)
        .putInt(blockLengthBytes)
        .putInt(0);
  }

  private static void requireBlockLength(int blockLengthBytes) {
    if (blockLengthBytes < 1 || blockLengthBytes > Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("no block is " + blockLengthBytes + " bytes long");
    }
  }
}
