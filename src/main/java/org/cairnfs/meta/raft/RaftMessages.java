package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.jspecify.annotations.Nullable;

/** A Raft message on the wire: one byte that says which, and Ratis's own encoding of it. */
final class RaftMessages {
  /** The first byte. */
  enum Kind {
    REQUEST_VOTE(1),
    APPEND_ENTRIES(2),
    INSTALL_SNAPSHOT(3),
    START_LEADER_ELECTION(4),
    READ_INDEX(5),
    CLIENT_REQUEST(6);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    private static @Nullable Kind of(int number) {
      for (Kind kind : values()) {
        if (kind.number == number) {
          return kind;
        }
      }
      return null;
    }
  }

  static ByteBuffer encode(Kind kind, MessageLite message) {
    byte[] body = message.toByteArray();
    return ByteBuffer.allocate(1 + body.length)
        .put((byte) kind.number)
        .put(body)
        .flip();
  }

  /** Reads the first byte and leaves the position behind it. */
  static Kind kind(ByteBuffer message) throws IOException {
    Kind kind = message.hasRemaining() ? Kind.of(message.get()) : null;
    if (kind == null) {
      throw new IOException("not a Raft message");
    }
    return kind;
  }

  /** The rest. Copies: what Ratis keeps of it outlives the buffer. */
  static <T> T read(Parser<T> parser, ByteBuffer message) throws InvalidProtocolBufferException {
    byte[] body = new byte[message.remaining()];
    message.get(body);
    return parser.parseFrom(body);
  }

  private RaftMessages() {}
}
