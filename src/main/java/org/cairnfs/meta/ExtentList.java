package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Limits;

/** The extents of one block, ordered by offset and disjoint: their record, and their sums. */
final class ExtentList {
  private static final int VERSION = 1;

  /** Everything of an extent but its wrapped key, and that key's length. */
  private static final int FIXED_BYTES = 4 + 4 + 4 + 4 + BlobId.SIZE_BYTES + 1;

  private static final int KEY_MAX_BYTES = 255;

  static List<Extent> decode(byte[] value) {
    ByteBuffer in = Records.open("extent", value, VERSION, 1 + FIXED_BYTES);
    List<Extent> extents = new ArrayList<>((value.length - 1) / (FIXED_BYTES + 40));
    int covered = 0;
    while (in.hasRemaining()) {
      Extent extent = decodeOne(in);
      if (extent.offset() < covered) {
        throw new CorruptMetadataException("extent record out of order at " + extent.offset());
      }
      covered = extent.end();
      extents.add(extent);
    }
    return extents;
  }

  private static Extent decodeOne(ByteBuffer in) {
    if (in.remaining() < FIXED_BYTES) {
      throw new CorruptMetadataException("extent record cut short");
    }
    int offset = in.getInt();
    int length = in.getInt();
    int blobOffset = in.getInt();
    int plainLength = in.getInt();
    BlobId id = BlobId.read(in);
    byte[] key = new byte[Byte.toUnsignedInt(in.get())];
    if (in.remaining() < key.length) {
      throw new CorruptMetadataException("extent record cut short in its key");
    }
    in.get(key);
    try {
      return new Extent(offset, length, new BlobRef(id, new Bytes(key), plainLength), blobOffset);
    } catch (IllegalArgumentException e) {
      throw new CorruptMetadataException("extent record with impossible numbers", e);
    }
  }

  static byte[] encode(List<Extent> extents) {
    int size = 1;
    for (Extent extent : extents) {
      size += FIXED_BYTES + keyLength(extent);
    }
    ByteBuffer out = ByteBuffer.allocate(size).put((byte) VERSION);
    for (Extent extent : extents) {
      BlobRef blob = extent.blob();
      out.putInt(extent.offset()).putInt(extent.length());
      out.putInt(extent.blobOffset()).putInt(blob.plainLengthBytes());
      blob.id().write(out);
      out.put((byte) keyLength(extent)).put(blob.wrappedKey().array());
    }
    return out.array();
  }

  /** Bytes covered. */
  static long lengthBytes(List<Extent> extents) {
    long sum = 0;
    for (Extent extent : extents) {
      sum += extent.length();
    }
    return sum;
  }

  /** The number of blocks that {@code bytes} reach into. */
  static long blocks(long bytes) {
    return (bytes + Limits.BLOCK_SIZE_BYTES - 1) / Limits.BLOCK_SIZE_BYTES;
  }

  private static int keyLength(Extent extent) {
    int length = extent.blob().wrappedKey().length();
    if (length > KEY_MAX_BYTES) {
      throw new IllegalArgumentException("wrapped key of " + length + " bytes");
    }
    return length;
  }

  private ExtentList() {}
}
