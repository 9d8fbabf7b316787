package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns a frozen layer into stored extents.
 *
 * <p>The pieces of a layer are packed into one blob, so that a 4 KiB write costs 4 KiB and not its
 * block. A block that would end up in too many extents is read and stored whole instead: that is
 * how they are merged, at a cost of one block written for every {@link #MERGE_EXTENTS} pieces. So
 * is a block that was written sequentially and that cuts made pieces of: equal files become equal
 * blobs whenever they were written.
 */
final class LayerSealer {
  /** Most extents a block may have before it is merged. */
  static final int MERGE_EXTENTS = 256;

  private static final Logger LOG = LoggerFactory.getLogger(LayerSealer.class);

  private final MetaSession session;
  private final BlockStore blobs;
  private final BlockReader reader;

  LayerSealer(MetaSession session, BlockStore blobs, BlockReader reader) {
    this.session = session;
    this.blobs = blobs;
    this.reader = reader;
  }

  /** Seals what is not stored yet on the sealing threads. */
  CompletableFuture<Void> seal(FrozenFile frozen) {
    try {
      List<CompletableFuture<Void>> seals = new ArrayList<>();
      for (FrozenFile.Layer part : frozen.layers()) {
        Packed packed = pack(frozen, part);
        if (packed != null) {
          seals.add(blobs
              .write(packed.bytes, packed.start, packed.length)
              .thenAccept(ref -> frozen.file().store(part.layer(), packed.extents(ref))));
        }
      }
      return CompletableFuture.allOf(seals.toArray(new CompletableFuture<?>[0]));
    } catch (PosixException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** As {@link #seal}, on the calling thread: quicker for little. */
  CompletableFuture<Void> sealNow(FrozenFile frozen) {
    try {
      for (FrozenFile.Layer part : frozen.layers()) {
        Packed packed = pack(frozen, part);
        if (packed != null) {
          BlobRef ref = blobs.writeNow(packed.bytes, packed.start, packed.length);
          frozen.file().store(part.layer(), packed.extents(ref));
        }
      }
      return CompletableFuture.completedFuture(null);
    } catch (PosixException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** What is to be stored of a layer; null if it is stored, or turns out to need no storing. */
  private @Nullable Packed pack(FrozenFile frozen, FrozenFile.Layer part) {
    if (part.layer().isStored()) {
      return null;
    }
    List<WriteLayer.Piece> pieces = part.layer().pieces();
    Packed merged = mergeIfDue(frozen, part, pieces);
    if (merged != null) {
      return merged;
    }
    if (pieces.isEmpty()) {
      frozen.file().store(part.layer(), List.of());
      return null;
    }
    if (pieces.size() == 1) {
      WriteLayer.Piece only = pieces.get(0);
      return new Packed(only.array, 0, only.length, List.of(new Range(only.offset, only.length)));
    }
    byte[] bytes = new byte[pieces.stream().mapToInt(piece -> piece.length).sum()];
    List<Range> ranges = new ArrayList<>(pieces.size());
    int at = 0;
    for (WriteLayer.Piece piece : pieces) {
      System.arraycopy(piece.array, 0, bytes, at, piece.length);
      ranges.add(new Range(piece.offset, piece.length));
      at += piece.length;
    }
    return new Packed(bytes, 0, at, ranges);
  }

  /** The merged block if it is to be stored whole or has too many extents, else null. */
  private @Nullable Packed mergeIfDue(
      FrozenFile frozen, FrozenFile.Layer part, List<WriteLayer.Piece> pieces) {
    for (FrozenFile.Layer other : frozen.layers()) {
      if (other.layer() != part.layer() && other.block() == part.block()) {
        return null; // the block is more than its extents and this layer
      }
    }
    try {
      InodeNumber file = frozen.file().number();
      int limit = part.layer().isToBeStoredWhole() ? 1 : MERGE_EXTENTS;
      return session.extentCount(file, part.block()) + pieces.size() > limit
          ? merge(pieces, session.extents(file, part.block()))
          : null;
    } catch (PosixException e) {
      if (e.errno() == Errno.ENOENT) {
        return null; // the file was removed meanwhile
      }
      LOG.warn(
          "Block {} of inode {} stays unmerged", part.block(), frozen.file().number(), e);
      return null; // what cannot be read must not keep what was written from being stored
    }
  }

  /** The whole block from its first to its last mapped byte, holes inside it filled with zeroes. */
  private Packed merge(List<WriteLayer.Piece> pieces, List<Extent> existing) {
    int from = Limits.BLOCK_SIZE_BYTES;
    int to = 0;
    if (!pieces.isEmpty()) {
      from = pieces.get(0).offset;
      to = pieces.get(pieces.size() - 1).end();
    }
    if (!existing.isEmpty()) {
      from = Math.min(from, existing.get(0).offset());
      to = Math.max(to, existing.get(existing.size() - 1).end());
    }
    byte[] whole = new byte[Limits.BLOCK_SIZE_BYTES];
    reader.read(existing, from, ByteBuffer.wrap(whole, from, to - from));
    for (WriteLayer.Piece piece : pieces) {
      System.arraycopy(piece.array, 0, whole, piece.offset, piece.length);
    }
    return new Packed(whole, from, to - from, List.of(new Range(from, to - from)));
  }

  private record Range(int offset, int length) {}

  /** Bytes to seal as one blob, and the ranges of the block they are, in order. */
  private record Packed(byte[] bytes, int start, int length, List<Range> ranges) {
    List<Extent> extents(BlobRef ref) {
      List<Extent> extents = new ArrayList<>(ranges.size());
      int at = 0;
      for (Range range : ranges) {
        extents.add(new Extent(range.offset, range.length, ref, at));
        at += range.length;
      }
      return extents;
    }
  }
}
