package org.cairnfs.net;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A message that is not answered; done when the network has it. */
final class Notice extends OutgoingRequest {
  private final CompletableFuture<Void> future = new CompletableFuture<>();

  Notice(MessageType type, ByteBuffer body, long deadlineNanos) {
    super(type, body, deadlineNanos);
  }

  @Override
  CompletableFuture<Void> future() {
    return future;
  }

  @Override
  int window() {
    return 0;
  }

  @Override
  boolean isAnswered() {
    return false;
  }

  @Override
  void sent() {
    future.complete(null);
  }
}
