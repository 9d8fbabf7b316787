package org.cairnfs.blob;

import java.nio.ByteBuffer;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;

/**
 * Buffers for blobs, whole or in part: small ones for a few frames, large ones for anything up to a
 * whole blob.
 *
 * <p>Blobs are sealed into arrays, and read into direct buffers, which files and sockets fill, and
 * native ciphers read, without a copy in between.
 *
 * <p>Thread-safe.
 */
final class BlobBuffers {
  /** The blob of a small file, or a frame of any format. */
  private static final int SMALL_BYTES =
      BlobId.SIZE_BYTES + BlobFormat.LATEST.blobLengthOf(BlobFormat.FRAME_MAX_BYTES);

  private static final int LARGE_BYTES = BlobId.SIZE_BYTES + BlobFormat.BLOB_MAX_BYTES;

  /** One for each thread that seals or reads at the same time; more come and go as garbage. */
  private static final int SMALL_IDLE_MAX = 16;

  private static final int LARGE_ARRAYS_IDLE_MAX = 16;
  private static final int LARGE_DIRECT_IDLE_MAX = 12;

  private final Pool<byte[]> smallArrays = new Pool<>(() -> new byte[SMALL_BYTES], SMALL_IDLE_MAX);
  private final Pool<byte[]> largeArrays =
      new Pool<>(() -> new byte[LARGE_BYTES], LARGE_ARRAYS_IDLE_MAX);
  private final Pool<ByteBuffer> smallDirect =
      new Pool<>(() -> ByteBuffer.allocateDirect(SMALL_BYTES), SMALL_IDLE_MAX);
  private final Pool<ByteBuffer> largeDirect =
      new Pool<>(() -> ByteBuffer.allocateDirect(LARGE_BYTES), LARGE_DIRECT_IDLE_MAX);

  /** An array of at least that length, which is at most that of a whole blob and its id. */
  byte[] takeArray(int lengthBytes) {
    return lengthBytes <= SMALL_BYTES ? smallArrays.take() : largeArrays.take();
  }

  /** Gives back what {@link #takeArray} returned. */
  void give(byte[] array) {
    (array.length == SMALL_BYTES ? smallArrays : largeArrays).give(array);
  }

  /**
   * A buffer off the heap, from position 0 to a limit of that length, which is at most a whole
   * blob's.
   */
  ByteBuffer takeDirect(int lengthBytes) {
    return (lengthBytes <= SMALL_BYTES ? smallDirect : largeDirect)
        .take()
        .clear()
        .limit(lengthBytes);
  }

  /** Gives back what {@link #takeDirect} returned. */
  void give(ByteBuffer buffer) {
    (buffer.capacity() == SMALL_BYTES ? smallDirect : largeDirect).give(buffer);
  }
}
