package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.cairnfs.core.BlobId;

/** Puts blobs to peers that it reads from the local store. Thread-safe; does not block. */
final class StoredPuts {
  private final LocalBlobs local;
  private final BlobBuffers buffers;
  private final Executor reading;

  /** @param reading threads that may wait for the disk */
  StoredPuts(LocalBlobs local, BlobBuffers buffers, Executor reading) {
    this.local = local;
    this.buffers = buffers;
    this.reading = reading;
  }

  /** As {@link RemoteBlobs#put}, of a blob that is here. */
  CompletableFuture<Boolean> put(RemoteBlobs peer, BlobId id, int blobLength) {
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    try {
      reading.execute(() -> {
        try {
          put(peer, id, blobLength, result);
        } catch (IOException | RuntimeException e) {
          result.completeExceptionally(e);
        }
      });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(e);
    }
    return result;
  }

  private void put(RemoteBlobs peer, BlobId id, int blobLength, CompletableFuture<Boolean> result)
      throws IOException {
    if (result.isDone()) {
      return; // nobody waits any more
    }
    byte[] array = buffers.takeArray(BlobId.SIZE_BYTES + blobLength);
    ByteBuffer message = ByteBuffer.wrap(array, 0, BlobId.SIZE_BYTES + blobLength);
    id.write(message);
    local.read(id, 0, message);
    CompletableFuture<Boolean> sent = peer.put(id, message.flip());
    var unused = sent.whenComplete((stored, problem) -> {
      if (problem == null) {
        buffers.give(array);
        result.complete(stored);
      } else {
        // The array is not used again: the network may still be reading it.
        result.completeExceptionally(problem);
      }
    });
    unused = result.whenComplete((done, problem) -> sent.cancel(false));
  }
}
