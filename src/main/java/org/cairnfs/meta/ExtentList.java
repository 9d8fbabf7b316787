package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.jspecify.annotations.Nullable;

/** The extents of one block, ordered by offset and disjoint: their record, and their sums. */
final class ExtentList {
  private static final int VERSION = 1;

  /** Everything of an extent but its wrapped key, and that key's length. */
  private static final int FIXED_BYTES = 4 + 4 + 4 + 4 + BlobId.SIZE_BYTES + 1;

  private static final int KEY_MAX_BYTES = 255;

  /**
   * What becomes of a record.
   *
   * @param removed the extents that are in it no more
   * @param added those that are instead
   * @param value the record
   */
  record Change(List<Extent> removed, List<Extent> added, byte[] value) {}

  /** The bytes {@code [start, end)} of a record. */
  private record Span(int start, int end) {}

  static List<Extent> decode(byte[] value) {
    return decode(value, 0, Limits.BLOCK_SIZE_BYTES);
  }

  /** Those extents that reach into {@code [from, to)} of the block. */
  static List<Extent> decode(byte[] value, int from, int to) {
    return decode(value, find(value, from, to));
  }

  private static List<Extent> decode(byte[] value, Span span) {
    ByteBuffer in = ByteBuffer.wrap(value, span.start, span.end - span.start);
    List<Extent> extents = new ArrayList<>(in.remaining() / (FIXED_BYTES + 40) + 1);
    while (in.hasRemaining()) {
      extents.add(decodeOne(in));
    }
    return extents;
  }

  static int count(byte[] value) {
    ByteBuffer in = Records.open("extent", value, VERSION, 1 + FIXED_BYTES);
    int count = 0;
    for (int at = in.position(); at < value.length; at = next(in, at)) {
      count++;
    }
    return count;
  }

  /**
   * As {@link Extents#overlay}, on the record: only what is covered is decoded, for a block that is
   * appended to has hundreds of extents that stay.
   *
   * @param value null if the block has none
   * @param newer at least one
   */
  static Change overlay(byte @Nullable [] value, List<Extent> newer) {
    int from = Limits.BLOCK_SIZE_BYTES;
    int to = 0;
    for (Extent extent : newer) {
      from = Math.min(from, extent.offset());
      to = Math.max(to, extent.end());
    }
    if (value == null) {
      List<Extent> added = Extents.overlay(List.of(), newer);
      return new Change(List.of(), added, encode(added));
    }
    Span covered = find(value, from, to);
    List<Extent> removed = decode(value, covered);
    List<Extent> added = Extents.overlay(removed, newer);
    ByteBuffer out =
        ByteBuffer.allocate(covered.start + lengthOf(added) + value.length - covered.end);
    out.put(value, 0, covered.start);
    encode(added, out);
    out.put(value, covered.end, value.length - covered.end);
    return new Change(removed, added, out.array());
  }

  private static Span find(byte[] value, int from, int to) {
    ByteBuffer in = Records.open("extent", value, VERSION, 1 + FIXED_BYTES);
    int start = in.position();
    int at = start;
    int covered = 0;
    while (at < value.length) {
      int next = next(in, at);
      int offset = in.getInt(at);
      if (offset < covered) {
        throw new CorruptMetadataException("extent record out of order at " + offset);
      }
      if (offset >= to) {
        break;
      }
      covered = offset + in.getInt(at + Integer.BYTES);
      at = next;
      if (covered <= from) {
        start = next;
      }
    }
    return new Span(start, at);
  }

  /** Where the extent after the one at {@code at} begins. */
  private static int next(ByteBuffer in, int at) {
    int rest = in.limit() - at - FIXED_BYTES;
    if (rest < 0) {
      throw new CorruptMetadataException("extent record cut short");
    }
    int key = Byte.toUnsignedInt(in.get(at + FIXED_BYTES - 1));
    if (rest < key) {
      throw new CorruptMetadataException("extent record cut short in its key");
    }
    return at + FIXED_BYTES + key;
  }

  private static Extent decodeOne(ByteBuffer in) {
    int offset = in.getInt();
    int length = in.getInt();
    int blobOffset = in.getInt();
    int blobSize = in.getInt();
    BlobId id = BlobId.read(in);
    byte[] key = new byte[Byte.toUnsignedInt(in.get())];
    in.get(key);
    try {
      BlobRef blob = BlobSize.decode(blobSize).ref(id, new Bytes(key));
      return new Extent(offset, length, blob, blobOffset);
    } catch (IllegalArgumentException e) {
      throw new CorruptMetadataException("extent record with impossible numbers", e);
    }
  }

  static byte[] encode(List<Extent> extents) {
    ByteBuffer out = ByteBuffer.allocate(1 + lengthOf(extents)).put((byte) VERSION);
    encode(extents, out);
    return out.array();
  }

  private static int lengthOf(List<Extent> extents) {
    int length = 0;
    for (Extent extent : extents) {
      length += FIXED_BYTES + keyLength(extent);
    }
    return length;
  }

  private static void encode(List<Extent> extents, ByteBuffer out) {
    for (Extent extent : extents) {
      BlobRef blob = extent.blob();
      out.putInt(extent.offset()).putInt(extent.length());
      out.putInt(extent.blobOffset()).putInt(BlobSize.of(blob).encode());
      blob.id().write(out);
      out.put((byte) keyLength(extent)).put(blob.wrappedKey().array());
    }
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
