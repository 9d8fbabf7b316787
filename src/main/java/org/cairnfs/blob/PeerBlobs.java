package org.cairnfs.blob;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.PeerClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs of one peer, as its {@link BlobService} gives them. Thread-safe. Futures fail with a
 * {@link org.cairnfs.net.PeerException}; what depends on them must not block.
 */
public final class PeerBlobs implements BlobSource {
  private static final Logger LOG = LoggerFactory.getLogger(PeerBlobs.class);

  private final PeerClient client;
  private final NodeId peer;
  private final Duration limit;

  /** @param limit for each call */
  public PeerBlobs(PeerClient client, NodeId peer, Duration limit) {
    this.client = client;
    this.peer = peer;
    this.limit = limit;
  }

  /** The length of the blob as stored there, or empty if it is not there. */
  public CompletableFuture<OptionalInt> lengthBytes(BlobId id) {
    return client
        .request(peer, BlobMessages.HAS, BlobMessages.encode(id), limit)
        .thenApply(answer -> {
          int length = answer.remaining() == Integer.BYTES ? answer.getInt() : BlobMessages.ABSENT;
          return length > 0 ? OptionalInt.of(length) : OptionalInt.empty();
        });
  }

  /**
   * Stores a blob there; done when it is on stable storage.
   *
   * @param blob all its bytes, from position to limit; not to be changed before the future is done
   */
  public CompletableFuture<Void> put(BlobId id, ByteBuffer blob) {
    ByteBuffer body = ByteBuffer.allocate(BlobId.SIZE_BYTES + blob.remaining());
    id.write(body);
    body.put(blob.duplicate()).flip();
    return client.request(peer, BlobMessages.PUT, body, limit).thenAccept(answer -> {});
  }

  /** Deletes a blob there; no error if it is not there. */
  public CompletableFuture<Void> delete(BlobId id) {
    return client
        .request(peer, BlobMessages.DELETE, BlobMessages.encode(id), limit)
        .thenAccept(answer -> {});
  }

  @Override
  public void fetch(BlobId id, int offset, ByteBuffer into) throws IOException {
    int wanted = into.remaining();
    ByteBuffer body = new BlobMessages.Range(id, offset, wanted).encode();
    ByteBuffer arriving = ByteBuffer.allocate(wanted);
    CompletableFuture<Long> whole = client.stream(
        peer,
        BlobMessages.GET,
        body,
        limit,
        chunk -> {
          if (chunk.remaining() > arriving.remaining()) {
            throw new IOException(peer + " sends more of blob " + id + " than was asked for");
          }
          arriving.put(chunk);
        },
        Runnable::run);
    try {
      if (whole.get() != wanted) {
        throw new IOException(peer + " sent less of blob " + id + " than was asked for");
      }
    } catch (InterruptedException e) {
      whole.cancel(false);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a blob was fetched");
    } catch (ExecutionException e) {
      throw new IOException("blob " + id + " cannot be had from " + peer, e.getCause());
    }
    into.put(arriving.flip());
  }

  /**
   * The peer finds out by itself: it verifies what it stores, and a peer that lies would not be
   * helped by being told.
   */
  @Override
  public void reportDamaged(BlobId id) {
    LOG.warn("What {} sent of blob {} does not verify", peer, id);
  }
}
