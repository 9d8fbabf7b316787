package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.PeerClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The blobs of one peer, as its {@link BlobService} gives them. Thread-safe. */
public final class PeerBlobs implements RemoteBlobs {
  private static final Logger LOG = LoggerFactory.getLogger(PeerBlobs.class);

  private final PeerClient client;
  private final NodeId peer;
  private final Duration limit;
  private final SecureRandom random;

  /**
   * The blobs of that peer.
   *
   * @param limit for each call
   */
  public PeerBlobs(PeerClient client, NodeId peer, Duration limit, SecureRandom random) {
    this.random = random;
    this.client = client;
    this.peer = peer;
    this.limit = limit;
  }

  @Override
  public CompletableFuture<OptionalInt> hold(BlobId id) {
    CompletableFuture<ByteBuffer> answer =
        client.request(peer, BlobMessages.HOLD, BlobMessages.encode(id), limit);
    return answer.thenApply(body -> {
      int length = body.remaining() == Integer.BYTES ? body.getInt() : BlobMessages.ABSENT;
      return length > 0 ? OptionalInt.of(length) : OptionalInt.empty();
    });
  }

  @Override
  public CompletableFuture<Set<BlobId>> holdAll(List<BlobId> ids) {
    return client
        .request(peer, BlobMessages.HOLD_SEVERAL, BlobMessages.encode(ids), limit)
        .thenApply(lengths -> {
          Set<BlobId> held = new HashSet<>();
          for (BlobId id : ids) {
            if (lengths.remaining() >= Integer.BYTES && lengths.getInt() > 0) {
              held.add(id);
            }
          }
          return held;
        });
  }

  @Override
  public CompletableFuture<Boolean> put(BlobId id, ByteBuffer message) {
    return client
        .request(peer, BlobMessages.PUT, message, limit)
        .thenApply(body -> body.remaining() == 1 && body.get() == BlobMessages.STORED);
  }

  @Override
  public CompletableFuture<Void> putAll(List<ByteBuffer> messages) {
    return client
        .request(peer, BlobMessages.PUT_SEVERAL, BlobMessages.encodeSeveral(messages), limit)
        .thenAccept(answer -> {});
  }

  @Override
  public CompletableFuture<Proof> prove(BlobId id) {
    long salt = random.nextLong();
    return client
        .request(peer, BlobMessages.PROVE, new BlobMessages.Challenge(id, salt).encode(), limit)
        .thenApply(hash -> new Proof(salt, hash));
  }

  @Override
  public Fetch get(BlobId id, int offset, int length) {
    ByteBuffer body = new BlobMessages.Range(id, offset, length).encode();
    ByteBuffer arriving = ByteBuffer.allocate(length);
    AtomicInteger arrived = new AtomicInteger();
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
          arrived.set(arriving.position());
        },
        Runnable::run);
    CompletableFuture<ByteBuffer> bytes = new CompletableFuture<>();
    var unused = whole.whenComplete((total, problem) -> {
      if (problem != null) {
        bytes.completeExceptionally(problem);
      } else if (total != length) {
        bytes.completeExceptionally(
            new IOException(peer + " sent less of blob " + id + " than was asked for"));
      } else {
        bytes.complete(arriving.flip());
      }
    });
    var unusedToo = bytes.whenComplete((done, problem) -> whole.cancel(false));
    return new Fetch(arrived, bytes);
  }

  @Override
  public void suspect(BlobId id) {
    var unused = client
        .request(peer, BlobMessages.SUSPECT, BlobMessages.encode(id), limit)
        .whenComplete((answer, problem) -> {
          if (problem != null) {
            LOG.debug("{} could not be told that its blob {} is damaged", peer, id, problem);
          }
        });
  }
}
