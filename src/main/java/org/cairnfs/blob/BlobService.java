package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.net.ChunkSource;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.RefusedRequestException;
import org.cairnfs.net.Reply;
import org.cairnfs.store.DiskFullException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the local blobs to peers. Thread-safe; blocks on the disk, on the executor it was
 * registered with.
 *
 * <p>Needs no key: what is put is checked by its hash, what is got the asking node checks. A put is
 * answered when the blob is on stable storage.
 */
final class BlobService {
  private static final Logger LOG = LoggerFactory.getLogger(BlobService.class);

  private final LocalBlobs blobs;
  private final BooleanSupplier leaving;

  /**
   * A service.
   *
   * @param leaving whether this node keeps nothing in the long run, so that nobody may rely on what
   *     is here
   */
  BlobService(LocalBlobs blobs, BooleanSupplier leaving) {
    this.blobs = blobs;
    this.leaving = leaving;
  }

  /**
   * Has the server take messages about blobs, from members only.
   *
   * @param executor as many threads as may wait for the disk
   */
  void register(Handlers.Builder handlers, Executor executor) {
    handlers
        .on(BlobMessages.GET, this::get, executor)
        .on(BlobMessages.PUT, this::put, executor)
        .on(BlobMessages.PUT_SEVERAL, this::putSeveral, executor)
        .on(BlobMessages.HOLD, this::hold, executor)
        .on(BlobMessages.HOLD_SEVERAL, this::holdSeveral, executor)
        .on(BlobMessages.SUSPECT, this::suspect, executor)
        .on(BlobMessages.PROVE, this::prove, executor);
  }

  private CompletableFuture<Reply> hold(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    int bytes = hold(BlobMessages.readId(body)).orElse(BlobMessages.ABSENT);
    return done(Reply.of(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes)));
  }

  private CompletableFuture<Reply> holdSeveral(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    List<OptionalInt> lengths = holdAll(BlobMessages.readIds(body));
    ByteBuffer answer = ByteBuffer.allocate(lengths.size() * Integer.BYTES);
    lengths.forEach(length -> answer.putInt(length.orElse(BlobMessages.ABSENT)));
    return done(Reply.of(answer.flip()));
  }

  /**
   * As {@link LocalBlobs#holdAll}. Whether this node leaves is asked last: from when it knows that
   * it does it promises nothing.
   */
  List<OptionalInt> holdAll(List<BlobId> ids) throws IOException {
    List<OptionalInt> lengths = blobs.holdAll(ids);
    return leaving.getAsBoolean() ? Collections.nCopies(ids.size(), OptionalInt.empty()) : lengths;
  }

  OptionalInt hold(BlobId id) throws IOException {
    return holdAll(List.of(id)).get(0);
  }

  private CompletableFuture<Reply> suspect(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    BlobId id = BlobMessages.readId(body);
    if (blobs.isHere(id) && blobs.verify(id)) {
      LOG.info("{} got wrong bytes of blob {}, which is intact here", peer.id(), id);
    }
    return done(Reply.empty());
  }

  private CompletableFuture<Reply> prove(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    BlobMessages.Challenge challenge = BlobMessages.Challenge.read(body);
    return done(Reply.of(prove(challenge.id(), challenge.salt())));
  }

  ByteBuffer prove(BlobId id, long salt) throws RefusedRequestException, IOException {
    byte[] blob = blobs.readIntact(id);
    if (blob == null) {
      throw new RefusedRequestException(FailureCode.NOT_FOUND, "no blob " + id);
    }
    return Hashes.proof(salt, blob);
  }

  private CompletableFuture<Reply> get(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    BlobMessages.Range range = BlobMessages.Range.read(body);
    int length = blobs.copyLengthBytes(range.id()).orElse(BlobMessages.ABSENT);
    if (length == BlobMessages.ABSENT) {
      throw new RefusedRequestException(FailureCode.NOT_FOUND, "no blob " + range.id());
    }
    if (range.offset() > length - range.length()) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "blob " + range.id() + " has " + length + " bytes");
    }
    return done(Reply.stream(new StoredRange(blobs, range)));
  }

  private CompletableFuture<Reply> put(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    if (body.remaining() <= BlobId.SIZE_BYTES
        || body.remaining() > BlobId.SIZE_BYTES + BlobFormat.BLOB_MAX_BYTES) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "a blob is not put with " + body.remaining() + " bytes");
    }
    try {
      boolean added = put(BlobId.read(body), body);
      return done(put(added ? BlobMessages.STORED : BlobMessages.HAD_IT));
    } catch (DiskFullException e) {
      throw full(e);
    }
  }

  /** Stores it if it is what it says it is; returns whether it was not here. */
  boolean put(BlobId id, ByteBuffer blob) throws RefusedRequestException, IOException {
    if (blobs.hold(id).isPresent()) {
      return false;
    }
    requireBlob(id, blob);
    return blobs.accept(id, blob);
  }

  private CompletableFuture<Reply> putSeveral(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    try {
      putAll(BlobMessages.readSeveral(body));
      return done(Reply.empty());
    } catch (DiskFullException e) {
      throw full(e);
    }
  }

  /** As {@link #put} of each, with one wait for the disk for those that are not here. */
  void putAll(Map<BlobId, ByteBuffer> sent) throws RefusedRequestException, IOException {
    try {
      Map<BlobId, ByteBuffer> absent = new LinkedHashMap<>();
      for (var each : sent.entrySet()) {
        if (blobs.hold(each.getKey()).isEmpty()) {
          requireBlob(each.getKey(), each.getValue());
          absent.put(each.getKey(), each.getValue());
        }
      }
      blobs.acceptAll(absent);
    } catch (IOException e) {
      sent.keySet().forEach(blobs::refused); // the sender leaves it to this node to miss them
      throw e;
    }
  }

  private static void requireBlob(BlobId id, ByteBuffer bytes) throws RefusedRequestException {
    if (!Hashes.isBlob(id, bytes)) {
      throw new RefusedRequestException(
          FailureCode.INVALID, "what was sent as blob " + id + " is another");
    }
  }

  private static RefusedRequestException full(DiskFullException e) {
    return new RefusedRequestException(FailureCode.NO_SPACE, String.valueOf(e.getMessage()));
  }

  private static Reply put(byte outcome) {
    return Reply.of(ByteBuffer.wrap(new byte[] {outcome}));
  }

  private static CompletableFuture<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }

  /** A part of a blob, read as the peer takes it. */
  private static final class StoredRange implements ChunkSource {
    private final LocalBlobs blobs;
    private final BlobMessages.Range range;
    private int sent;

    StoredRange(LocalBlobs blobs, BlobMessages.Range range) {
      this.blobs = blobs;
      this.range = range;
    }

    @Override
    public boolean read(ByteBuffer into) throws IOException {
      int bytes = Math.min(into.remaining(), range.length() - sent);
      into.limit(into.position() + bytes);
      blobs.read(range.id(), range.offset() + sent, into);
      sent += bytes;
      return sent < range.length();
    }

    @Override
    public void close() {}
  }
}
