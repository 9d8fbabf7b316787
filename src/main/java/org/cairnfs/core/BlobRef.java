package org.cairnfs.core;

/**
 * What an extent must know of a blob to read it: which it is, and the key that opens it.
 *
 * @param id names the blob
 * @param wrappedKey the block's key, wrapped (RFC 3394) under the volume's {@code blockkey-wrap}
 *     key: 40 bytes; ownership passes to the record, nobody writes to it afterwards
 * @param plainLengthBytes bytes of plaintext sealed in the blob, 1 to
 *     {@link Limits#BLOCK_SIZE_BYTES}
 * @param format how they are sealed
 */
public record BlobRef(BlobId id, Bytes wrappedKey, int plainLengthBytes, BlobFormat format) {
  public BlobRef {
    if (plainLengthBytes < 1 || plainLengthBytes > Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("plaintext length out of range: " + plainLengthBytes);
    }
  }

  /** Length of the blob as stored. */
  public int blobLengthBytes() {
    return format.blobLengthOf(plainLengthBytes);
  }
}
