package org.cairnfs.meta;

import java.nio.ByteBuffer;

/**
 * The account of one blob.
 *
 * @param references extents that refer to it
 * @param garbageSecond when {@code references} is 0, the first half of its key in GARBAGE;
 *     otherwise 0
 */
record BlobRecord(long references, BlobSize size, long garbageSecond) {
  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 1 + 8 + 4 + 8;

  static BlobRecord decode(byte[] value) {
    ByteBuffer in = Records.open("blob", value, VERSION, SIZE_BYTES);
    try {
      BlobRecord blob = new BlobRecord(in.getLong(), BlobSize.decode(in.getInt()), in.getLong());
      Records.requireEnd("blob", in);
      return blob;
    } catch (IllegalArgumentException e) {
      throw new CorruptMetadataException("blob record with an impossible size", e);
    }
  }

  byte[] encode() {
    return ByteBuffer.allocate(SIZE_BYTES)
        .put((byte) VERSION)
        .putLong(references)
        .putInt(size.encode())
        .putLong(garbageSecond)
        .array();
  }
}
