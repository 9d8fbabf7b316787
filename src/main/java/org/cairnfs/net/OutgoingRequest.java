package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * What this node asks of a peer. The future may be completed by anybody: the connection then tells
 * the peer that nobody waits any more. Everything else is for the connection's event loop.
 */
abstract class OutgoingRequest {
  private final MessageType type;
  private final ByteBuffer body;
  private final long deadlineNanos;
  private long id;

  OutgoingRequest(MessageType type, ByteBuffer body, long deadlineNanos) {
    this.type = type;
    this.body = body;
    this.deadlineNanos = deadlineNanos;
  }

  final MessageType type() {
    return type;
  }

  /** From position to limit, which are not moved. */
  final ByteBuffer body() {
    return body;
  }

  final long deadlineNanos() {
    return deadlineNanos;
  }

  /** 0 until it was sent. */
  final long id() {
    return id;
  }

  final void sentAs(long sentId) {
    id = sentId;
  }

  abstract CompletableFuture<?> future();

  /** Bytes of a stream that are taken at first; 0 if the answer is to be a message. */
  abstract int window();

  /** The answer, a message; the payload stays the caller's. */
  void reply(ByteBuf payload) throws ProtocolViolation {
    throw new ProtocolViolation("an answer of the wrong kind to " + type);
  }

  /** A piece of the answer; the payload is given away. */
  void chunk(ByteBuf payload) throws ProtocolViolation {
    payload.release();
    throw new ProtocolViolation("an answer of the wrong kind to " + type);
  }

  /** The end of the answer. */
  void end(long totalBytes) throws ProtocolViolation {
    throw new ProtocolViolation("an answer of the wrong kind to " + type);
  }

  final void fail(PeerException cause) {
    future().completeExceptionally(cause);
  }
}
