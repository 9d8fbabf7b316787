package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.MetaSnapshot;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.ChunkSource;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.PeerClient;
import org.cairnfs.net.Reply;

/**
 * Gives all rows of this node's metadata to members that need them, as a stream. Thread-safe;
 * blocks on the disk, on the executor it was registered with.
 */
public final class MetaSnapshotService {
  /** Message 18: all rows, as of now. */
  private static final MessageType ROWS = new MessageType(18, "metadata-rows", ChannelKind.BULK);

  /** A connection that does not move is cut long before. */
  private static final Duration LIMIT = Duration.ofHours(1);

  private static final int CHUNK_BYTES = 64 << 10;

  private final MetaStore store;

  /** @param store stays the caller's */
  public MetaSnapshotService(MetaStore store) {
    this.store = store;
  }

  /** Has the server take the message, from members only. */
  public void register(Handlers.Builder handlers, Executor executor) {
    handlers.on(
        ROWS,
        (peer, body) -> CompletableFuture.completedFuture(Reply.stream(new Rows(store.snapshot()))),
        executor);
  }

  /**
   * The rows of other nodes, as their services give them.
   *
   * @param client stays the caller's
   */
  public static SnapshotSource source(PeerClient client) {
    return (from, into) -> fetch(client, NodeId.parse(from), into);
  }

  private static void fetch(PeerClient client, NodeId from, OutputStream into) throws IOException {
    CompletableFuture<Long> whole = client.stream(
        from,
        ROWS,
        ByteBuffer.allocate(0),
        LIMIT,
        chunk -> {
          byte[] bytes = new byte[Math.min(chunk.remaining(), CHUNK_BYTES)];
          while (chunk.hasRemaining()) {
            int length = Math.min(chunk.remaining(), bytes.length);
            chunk.get(bytes, 0, length);
            into.write(bytes, 0, length);
          }
        },
        // The page cache takes it; the caller is the one who waits.
        Runnable::run);
    try {
      var unused = whole.get();
    } catch (InterruptedException e) {
      whole.cancel(false);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the metadata was fetched");
    } catch (ExecutionException e) {
      throw new IOException("the metadata cannot be had from " + from, e.getCause());
    }
  }

  private static final class Rows implements ChunkSource {
    private final MetaSnapshot snapshot;

    Rows(MetaSnapshot snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public boolean read(ByteBuffer into) throws IOException {
      return snapshot.read(into);
    }

    @Override
    public void close() {
      snapshot.close();
    }
  }
}
