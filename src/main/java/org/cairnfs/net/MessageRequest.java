package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A request that is answered with a message. */
final class MessageRequest extends OutgoingRequest {
  private final CompletableFuture<ByteBuffer> future = new CompletableFuture<>();

  MessageRequest(MessageType type, ByteBuffer body, long deadlineNanos) {
    super(type, body, deadlineNanos);
  }

  @Override
  CompletableFuture<ByteBuffer> future() {
    return future;
  }

  @Override
  int window() {
    return 0;
  }

  @Override
  void reply(ByteBuf payload) {
    byte[] message = new byte[payload.readableBytes()];
    payload.readBytes(message);
    future.complete(ByteBuffer.wrap(message));
  }
}
