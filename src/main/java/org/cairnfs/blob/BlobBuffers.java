package org.cairnfs.blob;

import org.cairnfs.crypto.BlobFormat;

/**
 * Arrays for blobs, whole or in part: small ones for a single frame, large ones for anything up to
 * a whole blob. Thread-safe.
 */
final class BlobBuffers {
  /** One for each thread that seals or reads at the same time; more come and go as garbage. */
  private static final int SMALL_IDLE_MAX = 16;

  private static final int LARGE_IDLE_MAX = 8;

  private final BufferPool small =
      new BufferPool(BlobFormat.HEADER_BYTES + BlobFormat.SEALED_FRAME_BYTES, SMALL_IDLE_MAX);
  private final BufferPool large = new BufferPool(BlobFormat.BLOB_MAX_BYTES, LARGE_IDLE_MAX);

  /** An array of at least that length, at most a whole blob's. */
  byte[] take(int lengthBytes) {
    return lengthBytes <= small.sizeBytes() ? small.take() : large.take();
  }

  /** Gives back what {@link #take} returned. */
  void give(byte[] array) {
    (array.length == small.sizeBytes() ? small : large).give(array);
  }
}
