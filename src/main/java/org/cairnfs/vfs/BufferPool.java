package org.cairnfs.vfs;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * Memory for bytes written but not yet stored, counted.
 *
 * <p>Arrays come in four sizes; those of a whole block are kept for reuse, because fresh memory
 * costs more than the copy into it. Thread-safe. The limit is kept by its users, who wait before
 * they write (see {@link Committer#awaitRoom}).
 */
final class BufferPool {
  private static final int[] SMALL_SIZES_BYTES = {4 << 10, 16 << 10, 64 << 10};

  /** Waiters look again after this long even if nothing was given back. */
  private static final long WAIT_SLICE_MILLIS = 100;

  private final ArrayBlockingQueue<byte[]> blocks;
  private final AtomicLong usedBytes = new AtomicLong();
  private final AtomicInteger waiters = new AtomicInteger();
  private final Object room = new Object();

  /** Keeps up to {@code idleBlocks} unused block buffers. */
  BufferPool(int idleBlocks) {
    blocks = new ArrayBlockingQueue<>(idleBlocks);
  }

  /** An array of at least {@code length} bytes (at most a block); its content is undefined. */
  byte[] take(int length) {
    int size = sizeFor(length);
    usedBytes.addAndGet(size);
    byte @Nullable [] idle = size == Limits.BLOCK_SIZE_BYTES ? blocks.poll() : null;
    return idle != null ? idle : new byte[size];
  }

  /** Takes an array back; the caller must not touch it again. */
  void give(byte[] array) {
    usedBytes.addAndGet(-array.length);
    if (waiters.get() > 0) {
      synchronized (room) {
        room.notifyAll();
      }
    }
    if (array.length == Limits.BLOCK_SIZE_BYTES) {
      blocks.offer(array);
    }
  }

  /**
   * Waits until less than {@code limitBytes} are in use.
   *
   * @return false if {@code giveUp} said so meanwhile, or it took too long
   */
  boolean awaitBelow(long limitBytes, Duration timeout, BooleanSupplier giveUp) {
    waiters.incrementAndGet();
    try {
      for (long waitedMillis = 0;
          usedBytes.get() >= limitBytes;
          waitedMillis += WAIT_SLICE_MILLIS) {
        if (giveUp.getAsBoolean() || waitedMillis > timeout.toMillis()) {
          return false;
        }
        synchronized (room) {
          if (usedBytes.get() >= limitBytes) {
            room.wait(WAIT_SLICE_MILLIS);
          }
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      waiters.decrementAndGet();
    }
  }

  /** Bytes of the arrays taken and not given back. */
  long usedBytes() {
    return usedBytes.get();
  }

  private static int sizeFor(int length) {
    for (int size : SMALL_SIZES_BYTES) {
      if (length <= size) {
        return size;
      }
    }
    return Limits.BLOCK_SIZE_BYTES;
  }
}
