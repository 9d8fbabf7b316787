package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
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
   * As {@link #hold} of each, in one message and with one wait for the disk.
   *
   * @param ids at most {@link BlobMessages#SEVERAL_MAX}
   * @return those that are held there
   */
  CompletableFuture<Set<BlobId>> holdAll(List<BlobId> ids);

  /**
   * Stores a blob there, and holds it as {@link #hold} does; done when it is on stable storage.
   *
   * @param message the id's 32 bytes and all the blob's, from position to limit; not to be changed
   *     before the future is done
   * @return whether it was not there before
   */
  CompletableFuture<Boolean> put(BlobId id, ByteBuffer message);

  /**
   * As {@link #put} of each, in one message and with one wait for the disk. If it fails, some of
   * them may be there.
   *
   * @param messages at most {@link BlobMessages#SEVERAL_MAX}; free to be changed when this returns
   */
  CompletableFuture<Void> putAll(List<ByteBuffer> messages);

  /** Has the node show that it has all of the blob's bytes; fails if it has no copy. */
  CompletableFuture<Proof> prove(BlobId id);

  /**
   * What a node answers that is to show that it has a blob.
   *
   * @param salt random, chosen by who asks
   * @param hash of the salt and the bytes, if the node has them
   */
  record Proof(long salt, ByteBuffer hash) {
    boolean isOf(byte[] blob) {
      return Hashes.proof(salt, blob).equals(hash);
    }
  }

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
