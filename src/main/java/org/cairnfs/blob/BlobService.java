package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.net.ChunkSource;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.RefusedRequestException;
import org.cairnfs.net.Reply;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.DiskFullException;

/**
 * Serves the local store to peers: has, get, put and delete. Thread-safe; blocks on the disk, on
 * the executor it was registered with.
 *
 * <p>Needs no key: what is put is checked by its hash, what is got the asking node checks. A put is
 * answered when the blob is on stable storage.
 */
public final class BlobService {
  private final BlobStore store;

  /** @param store stays the caller's */
  public BlobService(BlobStore store) {
    this.store = store;
  }

  /**
   * Has the server take messages about blobs, from members only.
   *
   * @param executor as many threads as may wait for the disk
   */
  public void register(Handlers.Builder handlers, Executor executor) {
    handlers
        .on(BlobMessages.HAS, this::has, executor)
        .on(BlobMessages.GET, this::get, executor)
        .on(BlobMessages.PUT, this::put, executor)
        .on(BlobMessages.DELETE, this::delete, executor);
  }

  private CompletableFuture<Reply> has(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    int length = store.lengthBytes(BlobMessages.readId(body)).orElse(BlobMessages.ABSENT);
    return done(Reply.of(ByteBuffer.allocate(Integer.BYTES).putInt(0, length)));
  }

  private CompletableFuture<Reply> get(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    BlobMessages.Range range = BlobMessages.Range.read(body);
    int length = store.lengthBytes(range.id()).orElse(BlobMessages.ABSENT);
    if (length == BlobMessages.ABSENT) {
      throw new RefusedRequestException(FailureCode.NOT_FOUND, "no blob " + range.id());
    }
    if (range.offset() > length - range.length()) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "blob " + range.id() + " has " + length + " bytes");
    }
    return done(Reply.stream(new StoredRange(store, range)));
  }

  private CompletableFuture<Reply> put(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    if (body.remaining() <= BlobId.SIZE_BYTES
        || body.remaining() > BlobId.SIZE_BYTES + BlobFormat.BLOB_MAX_BYTES) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "a blob is not put with " + body.remaining() + " bytes");
    }
    BlobId id = BlobId.read(body);
    if (!BlobId.of(sha256(body.duplicate())).equals(id)) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "what was sent as blob " + id + " is another");
    }
    try {
      store.append(id, body);
      store.sync();
    } catch (DiskFullException e) {
      throw new RefusedRequestException(FailureCode.NO_SPACE, String.valueOf(e.getMessage()));
    }
    return done(Reply.empty());
  }

  private CompletableFuture<Reply> delete(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    store.delete(BlobMessages.readId(body));
    return done(Reply.empty());
  }

  private static CompletableFuture<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }

  private static byte[] sha256(ByteBuffer bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }

  /** A part of a blob, read as the peer takes it. */
  private static final class StoredRange implements ChunkSource {
    private final BlobStore store;
    private final BlobMessages.Range range;
    private int sent;

    StoredRange(BlobStore store, BlobMessages.Range range) {
      this.store = store;
      this.range = range;
    }

    @Override
    public boolean read(ByteBuffer into) throws IOException {
      int bytes = Math.min(into.remaining(), range.length() - sent);
      into.limit(into.position() + bytes);
      store.read(range.id(), range.offset() + sent, into);
      sent += bytes;
      return sent < range.length();
    }

    @Override
    public void close() {}
  }
}
