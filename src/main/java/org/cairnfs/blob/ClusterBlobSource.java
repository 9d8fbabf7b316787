package org.cairnfs.blob;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * The blobs of the peers, as a source for readers. Small reads move what they need; a large one
 * moves the whole blob, which is verified by its hash and kept for the next reader.
 *
 * <p>Thread-safe. Several readers of one blob share its fetch.
 */
final class ClusterBlobSource implements BlobSource {
  /** A read of so much, or of a blob this short, moves all of it. */
  private static final int WHOLE_BYTES = 256 << 10;

  /** Blobs remembered of which wrong bytes came. */
  private static final int DISTRUSTED_MAX = 1024;

  private final LocalBlobs local;
  private final PeerReads reads;

  /** The blobs on their way. */
  private final ConcurrentMap<BlobId, CompletableFuture<byte[]>> flights =
      new ConcurrentHashMap<>();

  private final Cache<BlobId, Boolean> distrusted =
      Caffeine.newBuilder().maximumSize(DISTRUSTED_MAX).executor(Runnable::run).build();

  ClusterBlobSource(LocalBlobs local, PeerReads reads) {
    this.local = local;
    this.reads = reads;
  }

  @Override
  public void fetch(BlobId id, int blobLength, int offset, ByteBuffer into) throws IOException {
    boolean whole = blobLength <= WHOLE_BYTES
        || into.remaining() >= WHOLE_BYTES
        || flights.containsKey(id)
        || distrusted.getIfPresent(id) != null;
    if (whole) {
      into.put(fetchWhole(id, blobLength), offset, into.remaining());
    } else {
      into.put(reads.fetch(id, offset, into.remaining(), bytes -> true));
    }
  }

  @Override
  public boolean isNear() {
    return false;
  }

  @Override
  public void prepare(BlobId id, int blobLength) throws IOException {
    if (!local.isHere(id)) {
      byte[] unused = fetchWhole(id, blobLength);
    }
  }

  /** All bytes of a blob, verified; nobody may write to them. They are cached, too. */
  private byte[] fetchWhole(BlobId id, int blobLength) throws IOException {
    while (true) {
      CompletableFuture<byte[]> mine = new CompletableFuture<>();
      CompletableFuture<byte[]> flight = flights.putIfAbsent(id, mine);
      if (flight == null) {
        return fly(id, blobLength, mine);
      }
      byte[] blob = await(flight);
      if (blob != null) {
        return blob;
      }
    }
  }

  private byte[] fly(BlobId id, int blobLength, CompletableFuture<byte[]> flight)
      throws IOException {
    try {
      byte[] blob =
          reads.fetch(id, 0, blobLength, bytes -> Hashes.isBlob(id, bytes)).array();
      flight.complete(blob);
      local.cache(id, ByteBuffer.wrap(blob));
      return blob;
    } catch (IOException | RuntimeException e) {
      flight.completeExceptionally(e);
      throw e;
    } finally {
      flights.remove(id, flight);
    }
  }

  /** What another thread fetches, or null if it was interrupted. */
  private static byte @Nullable [] await(CompletableFuture<byte[]> flight) throws IOException {
    try {
      return flight.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a blob was fetched");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InterruptedIOException) {
        return null;
      }
      throw new IOException("the blob could not be fetched", e.getCause());
    }
  }

  /**
   * Some peer sends wrong bytes, it is not known which. From now on the blob is fetched as a whole,
   * so that each peer's copy is verified by its hash.
   */
  @Override
  public boolean reportDamaged(BlobId id) {
    return distrusted.asMap().putIfAbsent(id, true) == null;
  }
}
