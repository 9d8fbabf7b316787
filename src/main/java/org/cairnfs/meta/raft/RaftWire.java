package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Carries Raft's messages between nodes, each named by its id as text. Thread-safe. */
public interface RaftWire {
  /** What happens to messages that arrive. Thread-safe; may block. */
  @FunctionalInterface
  interface Receiver {
    /**
     * Answers a message.
     *
     * @param from who sent it, beyond doubt
     * @param message may be read until the answer is there
     * @throws IOException if it cannot be, or not now; the sender tries again
     */
    CompletableFuture<ByteBuffer> receive(String from, ByteBuffer message) throws IOException;
  }

  /**
   * Sends a message; the future has the answer, or fails, within {@code limit}. What depends on it
   * must not block.
   */
  CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit);

  /**
   * Whether that node is likely to take messages: one that is not is added to the group later.
   * Answers at once.
   */
  default boolean isThere(String node) {
    return true;
  }

  /** Messages go to this receiver from now on; null: to nobody, they are refused. */
  void receiver(@Nullable Receiver receiver);
}
