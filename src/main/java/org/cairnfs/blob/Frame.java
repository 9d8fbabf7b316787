package org.cairnfs.blob;

import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.core.BlobFormat;

/**
 * The plaintext of one frame, shared by the cache and the readers that copy from it. Its array goes
 * back to the pool with the last reference, which is why references are counted; the Frame itself
 * is never used again, so a reader that comes too late is told so and cannot see another frame's
 * bytes.
 *
 * <p>Thread-safe; the bytes do not change once the frame is shared.
 */
final class Frame {
  private static final int FULL_BYTES = BlobFormat.LATEST.frameBytes();

  private final byte[] bytes;
  private final int length;
  private final Pool<byte[]> pool;
  private final AtomicInteger references = new AtomicInteger(1);

  /**
   * A frame whose bytes the caller fills in before sharing it; the caller holds the first
   * reference.
   *
   * <p>Short frames get an array of their own, because a pooled one would cost its whole length,
   * and so do the longer ones of older blobs.
   */
  Frame(int length, Pool<byte[]> pool) {
    boolean isPooled = length > FULL_BYTES / 2 && length <= FULL_BYTES;
    this.bytes = isPooled ? pool.take() : new byte[length];
    this.length = length;
    this.pool = pool;
  }

  /** Holds the frame from index 0 on; only while a reference is held. */
  byte[] bytes() {
    return bytes;
  }

  /** Bytes of plaintext. */
  int length() {
    return length;
  }

  /** What the frame costs: its array may be longer than the plaintext. */
  int weightBytes() {
    return bytes.length;
  }

  /** Takes a reference, unless the last one is gone already. */
  boolean tryRetain() {
    int before = references.get();
    while (before > 0) {
      if (references.compareAndSet(before, before + 1)) {
        return true;
      }
      before = references.get();
    }
    return false;
  }

  /** Gives up a reference. */
  void release() {
    int left = references.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("a frame was released more often than it was retained");
    }
    if (left == 0 && bytes.length == FULL_BYTES) {
      pool.give(bytes);
    }
  }
}
