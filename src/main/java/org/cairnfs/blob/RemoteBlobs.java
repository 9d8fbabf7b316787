package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.core.BlobId;

/**
 * The blobs of another node. Thread-safe. Futures fail with a
 * {@link org.cairnfs.net.PeerException}, in bounded time; what depends on them must not block.
 */
public interface RemoteBlobs {
  /**
   * The length of the blob as stored there, or empty if it does not belong there. If it does it is
   * on stable storage, and for a while not collected even if no metadata refers to it.
   */
  CompletableFuture<OptionalInt> hold(BlobId id);

  /**
   * Stores a blob there, and holds it as {@link #hold} does; done when it is on stable storage.
   *
   * @param message the id's 32 bytes and all the blob's, from position to limit; not to be changed
   *     before the future is done
   * @return whether it was not there before
   */
  CompletableFuture<Boolean> put(BlobId id, ByteBuffer message);

  /** Begins to fetch part of a blob, unverified. */
  Fetch get(BlobId id, int offset, int length);

  /** Bytes that it gave are not the blob's: it is to verify what it has. */
  void suspect(BlobId id);

  /**
   * Bytes under way.
   *
   * @param arrived how many have come so far
   * @param bytes the future of all of them, a whole array of their own; cancelling it ends the
   *     transfer
   */
  record Fetch(AtomicInteger arrived, CompletableFuture<ByteBuffer> bytes) {}
}
