package org.cairnfs.net;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An answer to a request: a message, or a stream of bytes of any length. */
public final class Reply {
  private final ByteBuffer message;
  private final @Nullable ChunkSource stream;

  private Reply(ByteBuffer message, @Nullable ChunkSource stream) {
    this.message = message;
    this.stream = stream;
  }

  /**
   * A short answer: from position to limit, at most {@link NetLimits#REPLY_MAX_BYTES}. The buffer
   * is given away.
   */
  public static Reply of(ByteBuffer message) {
    if (message.remaining() > NetLimits.REPLY_MAX_BYTES) {
      throw new IllegalArgumentException(
          "an answer of " + message.remaining() + " bytes has to be streamed");
    }
    return new Reply(message, null);
  }

  /** The answer that says only that it was done. */
  public static Reply empty() {
    return new Reply(ByteBuffer.allocate(0), null);
  }

  /** Bytes read while they are sent; the source is given away and closed at the end. */
  public static Reply stream(ChunkSource source) {
    return new Reply(ByteBuffer.allocate(0), source);
  }

  ByteBuffer message() {
    return message;
  }

  @Nullable
  ChunkSource stream() {
    return stream;
  }
}
