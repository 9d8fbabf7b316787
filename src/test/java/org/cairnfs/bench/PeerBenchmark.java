package org.cairnfs.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.ChunkSource;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.Reply;
import org.cairnfs.net.TestNode;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Two nodes over TLS on the loopback: microseconds for a round trip of 100 bytes, and for 1 MiB to
 * be put, or got as a stream, with several under way.
 */
@State(Scope.Thread)
public class PeerBenchmark extends MicrosecondsBenchmark {
  private static final MessageType ECHO = new MessageType(1, "echo", ChannelKind.CONTROL);
  private static final MessageType PUT = new MessageType(2, "put", ChannelKind.BULK);
  private static final MessageType GET = new MessageType(3, "get", ChannelKind.BULK);
  private static final int BLOB_BYTES = 1 << 20;

  private final ByteBuffer small = ByteBuffer.allocate(100);
  private final ByteBuffer blob = ByteBuffer.allocate(BLOB_BYTES);
  private final UnderWay underWay = new UnderWay();
  private TestNode server;
  private TestNode client;

  @Setup
  public void connect() throws IOException {
    server = TestNode.create();
    client = TestNode.create();
    server.listen(Handlers.builder()
        .on(
            ECHO,
            (peer, body) -> CompletableFuture.completedFuture(
                Reply.of(ByteBuffer.allocate(body.remaining()).put(body).flip())),
            Runnable::run)
        .on(
            PUT,
            (peer, body) -> CompletableFuture.completedFuture(Reply.empty()),
            server.executor())
        .on(
            GET,
            (peer, body) -> CompletableFuture.completedFuture(Reply.stream(new Zeroes())),
            server.executor())
        .build());
    client.knows(server);
    get(client.client().request(server.id(), ECHO, small, TestNode.LIMIT));
  }

  @TearDown
  public void close() {
    client.close();
    server.close();
  }

  @Benchmark
  public ByteBuffer roundTrip() {
    return get(client.client().request(server.id(), ECHO, small, TestNode.LIMIT));
  }

  @Benchmark
  public int putMebibyte() {
    return underWay.add(client.client().request(server.id(), PUT, blob, TestNode.LIMIT));
  }

  @Benchmark
  public int getMebibyte() {
    byte[] into = new byte[BLOB_BYTES];
    int[] at = new int[1];
    return underWay.add(client.client().stream(
        server.id(),
        GET,
        ByteBuffer.allocate(0),
        TestNode.LIMIT,
        chunk -> {
          int bytes = chunk.remaining();
          chunk.get(into, at[0], bytes);
          at[0] += bytes;
        },
        Runnable::run));
  }

  private static <T> T get(CompletableFuture<T> future) {
    return future.join();
  }

  private static final class Zeroes implements ChunkSource {
    private int left = BLOB_BYTES;

    @Override
    public boolean read(ByteBuffer into) {
      int bytes = Math.min(left, into.remaining());
      into.position(into.position() + bytes);
      left -= bytes;
      return left > 0;
    }

    @Override
    public void close() {}
  }
}
