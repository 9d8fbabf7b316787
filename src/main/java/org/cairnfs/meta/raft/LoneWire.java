package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The wire of a group of one: there is nobody to hear from, and sending fails. Thread-safe. */
final class LoneWire implements RaftWire {
  @Override
  public CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit) {
    return CompletableFuture.failedFuture(
        new IOException("this node is a group of one and cannot send to " + to));
  }

  @Override
  public void receiver(@Nullable Receiver receiver) {
    // nobody will ever send
  }
}
