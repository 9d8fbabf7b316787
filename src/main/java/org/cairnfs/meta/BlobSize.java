package org.cairnfs.meta;

import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Limits;

/**
 * How long a blob's plaintext is and how it is sealed, in one number: the length, and from bit 24
 * on which format it is. The first format is 0 there, as it was when there was no other; a build
 * from before then finds the number of a later one impossible, instead of reading it wrongly.
 *
 * @param plainLengthBytes 1 to {@link Limits#BLOCK_SIZE_BYTES}
 */
record BlobSize(int plainLengthBytes, BlobFormat format) {
  private static final int FORMAT_SHIFT = 24;
  private static final BlobFormat[] FORMATS = BlobFormat.values();

  static BlobSize of(BlobRef blob) {
    return new BlobSize(blob.plainLengthBytes(), blob.format());
  }

  /** @throws IllegalArgumentException if there is no such format or length */
  static BlobSize decode(int number) {
    int format = number >>> FORMAT_SHIFT;
    int length = number & (1 << FORMAT_SHIFT) - 1;
    if (format >= FORMATS.length || length < 1 || length > Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("no blob has the size " + number);
    }
    return new BlobSize(length, FORMATS[format]);
  }

  int encode() {
    return (format.suite() - FORMATS[0].suite()) << FORMAT_SHIFT | plainLengthBytes;
  }

  /** A blob of this size. */
  BlobRef ref(BlobId id, Bytes wrappedKey) {
    return new BlobRef(id, wrappedKey, plainLengthBytes, format);
  }

  /** Length of the blob as stored. */
  int blobLengthBytes() {
    return format.blobLengthOf(plainLengthBytes);
  }
}
