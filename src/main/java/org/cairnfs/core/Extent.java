package org.cairnfs.core;

/**
 * A range of one block of a file, and the blob that holds its bytes.
 *
 * @param offset where in the block the range begins, bytes
 * @param length bytes in the range, at least 1
 * @param blob what holds them
 * @param blobOffset where in the blob's plaintext the range begins, bytes
 */
public record Extent(int offset, int length, BlobRef blob, int blobOffset) {
  public Extent {
    if (offset < 0 || length < 1 || offset > Limits.BLOCK_SIZE_BYTES - length) {
      throw new IllegalArgumentException("extent outside its block: " + offset + "+" + length);
    }
    if (blobOffset < 0 || blobOffset > blob.plainLengthBytes() - length) {
      throw new IllegalArgumentException("extent outside its blob: " + blobOffset + "+" + length);
    }
  }

  /** First byte of the block after the range. */
  public int end() {
    return offset + length;
  }
}
