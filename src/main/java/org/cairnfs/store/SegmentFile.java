package org.cairnfs.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One open segment file. Thread-safe: there is no position. An interrupt does not close it. */
interface SegmentFile extends Closeable {
  /** What {@link #writePages} writes multiples of. */
  int PAGE_BYTES = 4096;

  long sizeBytes() throws IOException;

  /** Reads some bytes at {@code offset}; returns how many, or -1 at the end of the file. */
  int read(ByteBuffer into, long offset) throws IOException;

  /** Writes all bytes from position to limit at {@code offset}. */
  void write(ByteBuffer from, long offset) throws IOException;

  /**
   * As {@link #write}, past the page cache where that is possible. Offset, length and the address
   * of the direct buffer's position are multiples of {@link #PAGE_BYTES}.
   */
  default void writePages(ByteBuffer from, long offset) throws IOException {
    write(from, offset);
  }

  void truncate(long sizeBytes) throws IOException;

  /** Returns when everything written before is on stable storage, and the size with it. */
  void force() throws IOException;

  /**
   * Fills {@code into} from position to limit.
   *
   * @return false if the file ends first; the position is then where it ended
   */
  default boolean readFully(ByteBuffer into, long offset) throws IOException {
    long next = offset;
    while (into.hasRemaining()) {
      int count = read(into, next);
      if (count < 0) {
        return false;
      }
      next += count;
    }
    return true;
  }
}
