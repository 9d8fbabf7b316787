package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * What was written to one block of a file between two cuts, on its way to becoming extents.
 *
 * <p>A layer begins as bytes in memory (disjoint pieces), is closed to writes, is sealed, and ends
 * as stored extents; reads see the same content at every stage. What a cut stored keeps its bytes
 * until it is synced, and can be {@linkplain #unstore stored again}; what was stored ahead of the
 * cut, to make room, cannot. Guarded by the lock of the {@link ActiveFile} it belongs to.
 */
final class WriteLayer {
  private final BufferPool buffers;
  private final TreeMap<Integer, Piece> pieces = new TreeMap<>();
  private List<Extent> extents = List.of();
  private boolean stored;
  private boolean released;
  private boolean closed;
  private boolean abandoned;
  private boolean completes;
  private @Nullable CompletableFuture<?> sealing;

  WriteLayer(BufferPool buffers) {
    this.buffers = buffers;
  }

  /** Whether writes may still go into it. */
  boolean isOpen() {
    return !closed;
  }

  void closeToWrites() {
    closed = true;
  }

  /**
   * With what lies below it, it is one sequential write of the block: to be stored whole, so that
   * equal content gives equal blobs wherever a cut fell in between.
   */
  void completesBlock() {
    completes = true;
  }

  boolean isToBeStoredWhole() {
    return completes;
  }

  /** Nobody will read it any more, but a seal under way still does. */
  void abandon() {
    abandoned = true;
  }

  boolean isAbandoned() {
    return abandoned;
  }

  boolean isStored() {
    return stored;
  }

  boolean isEmpty() {
    return stored ? extents.isEmpty() : pieces.isEmpty();
  }

  /** The seal under way, or null. */
  @Nullable
  CompletableFuture<?> sealing() {
    return sealing;
  }

  void sealingBy(@Nullable CompletableFuture<?> future) {
    sealing = future;
  }

  /** The ranges written, when in memory: ordered, disjoint. */
  List<Piece> pieces() {
    return List.copyOf(pieces.values());
  }

  /** Whether it has no bytes in memory to read from. */
  boolean isReadFromStore() {
    return stored && pieces.isEmpty();
  }

  /** Bytes written and not stored. */
  int lengthInMemory() {
    int bytes = 0;
    if (stored) {
      return bytes;
    }
    for (Piece piece : pieces.values()) {
      bytes += piece.length;
    }
    return bytes;
  }

  /** The extents it became; empty before {@link #store}. */
  List<Extent> extents() {
    return extents;
  }

  /** Whether it is one piece that covers the whole block. */
  boolean isFullBlock() {
    return pieces.size() == 1 && pieces.firstEntry().getValue().length == Limits.BLOCK_SIZE_BYTES;
  }

  /** Takes all of {@code from} as the bytes at {@code offset} of the block. */
  void write(int offset, ByteBuffer from) {
    int length = from.remaining();
    int end = offset + length;
    Map.Entry<Integer, Piece> before = pieces.floorEntry(offset);
    int nextStart = nextStart(offset);
    if (before != null && before.getValue().end() >= offset && nextStart > end) {
      before.getValue().put(offset, from, buffers);
    } else if ((before == null || before.getValue().end() < offset) && nextStart > end) {
      Piece piece = new Piece(offset, length, buffers);
      piece.put(offset, from, buffers);
      pieces.put(offset, piece);
    } else {
      coalesce(offset, end).put(offset, from, buffers);
    }
  }

  /** The layer became these extents. Keeps the bytes. */
  void store(List<Extent> nowExtents) {
    extents = nowExtents;
    stored = true;
    sealing = null;
  }

  /** As {@link #store}, and lets go of the bytes. */
  void storeForGood(List<Extent> nowExtents) {
    store(nowExtents);
    released = true;
    releaseBytes();
  }

  /** Takes {@link #store} back; returns false if the bytes are gone. */
  boolean unstore() {
    if (released) {
      return false;
    }
    extents = List.of();
    stored = false;
    return true;
  }

  /** Lets go of everything. */
  void discard() {
    extents = List.of();
    releaseBytes();
  }

  /** Forgets what it holds of {@code [from, to)}; not while a seal is under way. */
  void cut(int from, int to) {
    extents = Extents.without(extents, from, to);
    List<Piece> touched = new ArrayList<>(pieces.headMap(to).values());
    for (Piece piece : touched) {
      if (piece.end() <= from) {
        continue;
      }
      if (piece.end() > to) {
        Piece tail = new Piece(to, piece.end() - to, buffers);
        tail.put(to, piece.view(to, piece.end()), buffers);
        pieces.put(to, tail);
      }
      if (piece.offset < from) {
        piece.length = from - piece.offset;
      } else {
        pieces.remove(piece.offset, piece);
        piece.release(buffers);
      }
    }
  }

  /**
   * Bytes of {@code [from, to)} held in memory go to {@code into}, whose position stands for
   * {@code from}; it stays.
   */
  void copyPieces(int from, int to, ByteBuffer into) {
    Map.Entry<Integer, Piece> first = pieces.floorEntry(from);
    for (Piece piece : pieces.subMap(first == null ? from : first.getKey(), to).values()) {
      int start = Math.max(from, piece.offset);
      int end = Math.min(to, piece.end());
      if (start < end) {
        into.duplicate().position(into.position() + start - from).put(piece.view(start, end));
      }
    }
  }

  private int nextStart(int offset) {
    Integer next = pieces.higherKey(offset);
    return next == null ? Integer.MAX_VALUE : next;
  }

  /**
   * Replaces every piece that touches {@code [offset, end)} by one that covers them and the range.
   */
  private Piece coalesce(int offset, int end) {
    int from = offset;
    int to = end;
    Map.Entry<Integer, Piece> before = pieces.floorEntry(offset);
    if (before != null && before.getValue().end() >= offset) {
      from = before.getKey();
      to = Math.max(to, before.getValue().end());
    }
    List<Piece> old = new ArrayList<>(pieces.subMap(from, true, end, true).values());
    for (Piece piece : old) {
      to = Math.max(to, piece.end());
    }
    Piece whole = new Piece(from, to - from, buffers);
    for (Piece piece : old) {
      pieces.remove(piece.offset);
      whole.put(piece.offset, piece.view(piece.offset, piece.end()), buffers);
      piece.release(buffers);
    }
    whole.length = to - from;
    pieces.put(from, whole);
    return whole;
  }

  private void releaseBytes() {
    pieces.values().forEach(piece -> piece.release(buffers));
    pieces.clear();
  }

  /** A contiguous run of written bytes; its array may be longer than the run. */
  static final class Piece {
    final int offset;
    byte[] array;
    int length;

    Piece(int offset, int capacity, BufferPool buffers) {
      this.offset = offset;
      this.array = buffers.take(capacity);
    }

    int end() {
      return offset + length;
    }

    /** Writes at a block offset inside the piece or right at its end. */
    void put(int at, ByteBuffer from, BufferPool buffers) {
      int start = at - offset;
      int end = start + from.remaining();
      if (end > array.length) {
        byte[] larger = buffers.take(end);
        System.arraycopy(array, 0, larger, 0, length);
        buffers.give(array);
        array = larger;
      }
      from.get(array, start, end - start);
      length = Math.max(length, end);
    }

    ByteBuffer view(int from, int to) {
      return ByteBuffer.wrap(array, from - offset, to - from);
    }

    void release(BufferPool buffers) {
      buffers.give(array);
    }
  }
}
