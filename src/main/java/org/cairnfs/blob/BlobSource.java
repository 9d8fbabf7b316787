package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.cairnfs.core.BlobId;

/**
 * A place that blobs are read from: the local store, or the peers. A reader asks one after the
 * other until it has bytes that verify.
 *
 * <p>Thread-safe. Calls may block for a bounded time.
 */
public interface BlobSource {
  /**
   * Reads part of a blob, unverified: the caller checks the frames' tags.
   *
   * @param blobLength bytes of the whole blob as stored
   * @param offset first byte wanted, from the start of the blob
   * @param into filled from its position to its limit
   * @throws IOException if this source cannot give those bytes, for whatever reason; what
   *     {@code into} holds then is of no use
   */
  void fetch(BlobId id, int blobLength, int offset, ByteBuffer into) throws IOException;

  /** Whether to read the same bytes once more costs next to nothing. */
  boolean isNear();

  /**
   * Brings a blob near that will be read soon, if that takes time.
   *
   * @throws IOException if this source does not have it
   */
  default void prepare(BlobId id, int blobLength) throws IOException {}

  /**
   * Bytes this source gave did not verify: it is to look for itself, and not to serve the blob
   * again if it is damaged.
   *
   * @return whether it is worth asking once more
   */
  boolean reportDamaged(BlobId id);
}
