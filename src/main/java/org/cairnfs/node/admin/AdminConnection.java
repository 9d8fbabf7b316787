package org.cairnfs.node.admin;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * One connection between a command and a node: messages in both directions, each after its length
 * as four big-endian bytes.
 *
 * <p>A length is checked against {@link #MESSAGE_MAX_BYTES} before anything is allocated. Sending
 * and receiving block, which is the flow control: a slow reader stalls its writer. Not thread-safe.
 */
public final class AdminConnection implements Closeable {
  /** Most bytes of a file in one chunk. */
  public static final int CHUNK_MAX_BYTES = 256 << 10;

  /**
   * Longest message: a full chunk, a page of long names, or a request with a long path, each with
   * room to spare.
   */
  public static final int MESSAGE_MAX_BYTES = 512 << 10;

  private static final int LENGTH_BYTES = 4;

  private final ByteChannel channel;
  private ByteBuffer sendBuffer = ByteBuffer.allocate(4 << 10);
  private ByteBuffer receiveBuffer = ByteBuffer.allocate(4 << 10);

  /** A connection over a connected channel in blocking mode, which it owns. */
  public AdminConnection(ByteChannel channel) {
    this.channel = channel;
  }

  /**
   * Sends one message.
   *
   * @throws IllegalArgumentException if it is too long
   */
  public void send(MessageLite message) throws IOException {
    int length = message.getSerializedSize();
    if (length > MESSAGE_MAX_BYTES) {
      throw new IllegalArgumentException("message of " + length + " bytes");
    }
    sendBuffer = withCapacity(sendBuffer, LENGTH_BYTES + length).clear().putInt(length);
    CodedOutputStream out = CodedOutputStream.newInstance(sendBuffer.array(), LENGTH_BYTES, length);
    message.writeTo(out);
    out.flush();
    sendBuffer.position(0).limit(LENGTH_BYTES + length);
    while (sendBuffer.hasRemaining()) {
      channel.write(sendBuffer);
    }
  }

  /**
   * Receives one message.
   *
   * @return null if the other side closed the connection before the message's first byte
   * @throws IOException if it ends within a message, the length is out of bounds, or the bytes are
   *     no such message
   */
  public <M extends MessageLite> @Nullable M receive(Parser<M> parser) throws IOException {
    receiveBuffer.clear().limit(LENGTH_BYTES);
    if (!fill(receiveBuffer)) {
      return null;
    }
    int length = receiveBuffer.getInt(0);
    if (length < 0 || length > MESSAGE_MAX_BYTES) {
      throw new IOException(
          "admin message with a length of " + Integer.toUnsignedString(length) + " bytes");
    }
    receiveBuffer = withCapacity(receiveBuffer, length).clear().limit(length);
    if (!fill(receiveBuffer) && length > 0) {
      throw new IOException("admin connection closed within a message");
    }
    try {
      return parser.parseFrom(CodedInputStream.newInstance(receiveBuffer.array(), 0, length));
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("admin message that cannot be understood", e);
    }
  }

  /** Fills the buffer; false if the other side had closed before the first byte. */
  private boolean fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        if (buffer.position() == 0) {
          return false;
        }
        throw new IOException("admin connection closed within a message");
      }
    }
    return true;
  }

  private static ByteBuffer withCapacity(ByteBuffer buffer, int bytes) {
    return buffer.capacity() >= bytes
        ? buffer
        : ByteBuffer.allocate(Math.max(bytes, 2 * buffer.capacity()));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
