package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.List;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.Extent;

/** Reads ranges of a block through its extents. Stateless; blocks on the blob layer. */
final class BlockReader {
  private static final byte[] ZEROES = new byte[64 << 10];

  private final BlockStore blobs;

  BlockReader(BlockStore blobs) {
    this.blobs = blobs;
  }

  /**
   * Fills {@code into} with the block's bytes from {@code offset}: extents where there are any,
   * zeroes in holes.
   */
  void read(List<Extent> extents, int offset, ByteBuffer into) {
    int end = offset + into.remaining();
    int at = offset;
    for (Extent extent : extents) {
      int from = Math.max(extent.offset(), at);
      int to = Math.min(extent.end(), end);
      if (from >= to) {
        continue;
      }
      zero(into, from - at);
      readExtent(extent, from, to, into);
      at = to;
    }
    zero(into, end - at);
  }

  /**
   * Fills only what the extents cover of {@code [offset, end)}; the position of {@code into} stands
   * for offset and stays.
   */
  void readCovered(List<Extent> extents, int offset, int end, ByteBuffer into) {
    for (Extent extent : extents) {
      int from = Math.max(extent.offset(), offset);
      int to = Math.min(extent.end(), end);
      if (from < to) {
        readExtent(extent, from, to, into.duplicate().position(into.position() + from - offset));
      }
    }
  }

  private void readExtent(Extent extent, int from, int to, ByteBuffer into) {
    int limit = into.limit();
    into.limit(into.position() + to - from);
    blobs.read(extent.blob(), extent.blobOffset() + from - extent.offset(), into);
    into.limit(limit);
  }

  private static void zero(ByteBuffer into, int length) {
    for (int left = length; left > 0; ) {
      int part = Math.min(left, ZEROES.length);
      into.put(ZEROES, 0, part);
      left -= part;
    }
  }
}
