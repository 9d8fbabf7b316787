package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
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
    CLIENT_REQUESTS(6);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    byte number() {
      return (byte) number;
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

  /** One byte, then each message after its length, u32. */
  static ByteBuffer frame(byte kind, List<MessageLite> messages) {
    List<byte[]> bodies = messages.stream().map(MessageLite::toByteArray).toList();
    int bytes = bodies.stream().mapToInt(body -> Integer.BYTES + body.length).sum();
    ByteBuffer out = ByteBuffer.allocate(1 + bytes).put(kind);
    bodies.forEach(body -> out.putInt(body.length).put(body));
    return out.flip();
  }

  /** The rest, each message after its length. */
  static <T> List<T> readAll(Parser<T> parser, ByteBuffer message) throws IOException {
    List<T> messages = new ArrayList<>();
    while (message.hasRemaining()) {
      int length = message.remaining() < Integer.BYTES ? -1 : message.getInt();
      if (length < 0 || length > message.remaining()) {
        throw new IOException("a Raft message that is cut short");
      }
      messages.add(read(parser, message.slice(message.position(), length)));
      message.position(message.position() + length);
    }
    return messages;
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
