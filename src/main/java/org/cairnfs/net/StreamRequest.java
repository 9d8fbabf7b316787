package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A request that is answered with a stream. What arrives waits for the sink, at most a window of
 * bytes; the peer may send as much again as the sink has taken.
 *
 * <p>Frames come on the event loop, the sink runs on its executor, one call at a time.
 */
final class StreamRequest extends OutgoingRequest {
  /** Room is given back in portions, not for every chunk. */
  private static final int CREDIT_MIN_BYTES = NetLimits.WINDOW_BYTES / 2;

  private final CompletableFuture<Long> future = new CompletableFuture<>();
  private final ChunkSink sink;
  private final Executor executor;

  /** Guarded by this: arrived, and not given to the sink yet. */
  private final Deque<ByteBuf> waiting = new ArrayDeque<>();

  /** Guarded by this. */
  private boolean draining;

  /** Guarded by this: nothing more comes. */
  private boolean ended;

  /** On the event loop: bytes that the peer may still send. */
  private int roomBytes = NetLimits.WINDOW_BYTES;

  /** On the event loop. */
  private long receivedBytes;

  /** On the event loop: taken by the sink, and not given back to the peer. */
  private int takenBytes;

  private volatile @Nullable ClientConnection connection;

  StreamRequest(
      MessageType type, ByteBuffer body, long deadlineNanos, ChunkSink sink, Executor executor) {
    super(type, body, deadlineNanos);
    this.sink = sink;
    this.executor = executor;
  }

  void over(ClientConnection chosen) {
    connection = chosen;
  }

  @Override
  CompletableFuture<Long> future() {
    return future;
  }

  @Override
  int window() {
    return NetLimits.WINDOW_BYTES;
  }

  @Override
  void chunk(ByteBuf payload) throws ProtocolViolation {
    int bytes = payload.readableBytes();
    if (bytes > roomBytes) {
      payload.release();
      throw new ProtocolViolation(
          "a chunk of %d bytes where %d were granted".formatted(bytes, roomBytes));
    }
    roomBytes -= bytes;
    receivedBytes += bytes;
    boolean start;
    synchronized (this) {
      waiting.add(payload);
      start = !draining;
      draining = true;
    }
    if (start) {
      startDraining();
    }
  }

  @Override
  void end(long totalBytes) throws ProtocolViolation {
    if (totalBytes != receivedBytes) {
      throw new ProtocolViolation("a stream of " + receivedBytes + " bytes ends at " + totalBytes);
    }
    boolean complete;
    synchronized (this) {
      ended = true;
      complete = !draining;
    }
    if (complete) {
      future.complete(receivedBytes);
    }
  }

  private void startDraining() {
    try {
      executor.execute(this::drain);
    } catch (RejectedExecutionException busy) {
      abandon(busy);
    }
  }

  /** On the executor. */
  private void drain() {
    while (true) {
      ByteBuf chunk;
      boolean complete;
      synchronized (this) {
        chunk = waiting.poll();
        draining = chunk != null;
        complete = ended;
      }
      if (chunk == null) {
        if (complete) {
          future.complete(receivedBytes);
        }
        return;
      }
      int bytes = chunk.readableBytes();
      try {
        if (!future.isDone()) {
          sink.accept(chunk.nioBuffer());
        }
      } catch (IOException | RuntimeException e) {
        abandon(e);
      } finally {
        chunk.release();
      }
      ClientConnection chosen = connection;
      if (chosen != null) {
        Channels.onLoop(chosen.channel(), () -> taken(chosen, bytes));
      }
    }
  }

  private void taken(ClientConnection chosen, int bytes) {
    takenBytes += bytes;
    if (takenBytes >= CREDIT_MIN_BYTES && chosen.isOpen(this)) {
      chosen.credit(id(), takenBytes);
      roomBytes += takenBytes;
      takenBytes = 0;
    }
  }

  private void abandon(Exception cause) {
    fail(new PeerException(
        PeerException.Reason.ABANDONED, "what received the stream failed", cause));
  }
}
