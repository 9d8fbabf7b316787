package org.cairnfs.blob;

import java.util.ArrayDeque;
import java.util.function.Supplier;

/**
 * Buffers of one kind, used again and again. Taking never waits: an empty pool makes a new one.
 * What a buffer held before is still in it.
 *
 * <p>Thread-safe.
 */
final class Pool<T> {
  private final Supplier<T> maker;
  private final int idleMax;

  /** Guarded by itself. */
  private final ArrayDeque<T> idle = new ArrayDeque<>();

  /**
   * @param maker makes one more
   * @param idleMax how many are kept while nobody uses them
   */
  Pool(Supplier<T> maker, int idleMax) {
    this.maker = maker;
    this.idleMax = idleMax;
  }

  T take() {
    synchronized (idle) {
      T buffer = idle.pollLast();
      if (buffer != null) {
        return buffer;
      }
    }
    return maker.get();
  }

  /** Gives back what {@link #take} returned; the caller no longer uses it. */
  void give(T buffer) {
    synchronized (idle) {
      if (idle.size() < idleMax) {
        idle.addLast(buffer);
      }
    }
  }
}
