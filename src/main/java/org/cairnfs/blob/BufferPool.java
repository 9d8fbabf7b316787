package org.cairnfs.blob;

import java.util.ArrayDeque;

/**
 * Arrays of one size, used again and again. Taking never waits: an empty pool makes a new array.
 * What an array held before is still in it.
 *
 * <p>Thread-safe.
 */
final class BufferPool {
  private final int sizeBytes;
  private final int idleMax;

  /** Guarded by itself. */
  private final ArrayDeque<byte[]> idle = new ArrayDeque<>();

  /**
   * @param sizeBytes length of every array
   * @param idleMax arrays kept while nobody uses them
   */
  BufferPool(int sizeBytes, int idleMax) {
    this.sizeBytes = sizeBytes;
    this.idleMax = idleMax;
  }

  int sizeBytes() {
    return sizeBytes;
  }

  byte[] take() {
    synchronized (idle) {
      byte[] array = idle.pollLast();
      if (array != null) {
        return array;
      }
    }
    return new byte[sizeBytes];
  }

  /** Gives back an array that {@link #take} returned; the caller no longer uses it. */
  void give(byte[] array) {
    if (array.length != sizeBytes) {
      throw new IllegalArgumentException(
          "an array of " + array.length + " bytes is not from this pool");
    }
    synchronized (idle) {
      if (idle.size() < idleMax) {
        idle.addLast(array);
      }
    }
  }
}
