package org.cairnfs.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;

/** Makes frames, or their beginnings where the rest is sent as it is, and reads small payloads. */
final class Frames {
  /** The header and what stands before the body of {@code bodyBytes} that is sent after it. */
  static ByteBuf requestPrefix(
      ByteBufAllocator allocator,
      long requestId,
      MessageType message,
      int limitMillis,
      int window,
      int bodyBytes) {
    int payload = FrameLimits.REQUEST_PREFIX_BYTES + bodyBytes;
    return header(
            allocator, FrameType.REQUEST, requestId, payload, FrameLimits.REQUEST_PREFIX_BYTES)
        .writeShort(message.number())
        .writeInt(limitMillis)
        .writeInt(window);
  }

  /** The header of a frame whose payload of that length is sent after it. */
  static ByteBuf prefix(
      ByteBufAllocator allocator, FrameType type, long requestId, int payloadBytes) {
    return header(allocator, type, requestId, payloadBytes, 0);
  }

  static ByteBuf hello(ByteBufAllocator allocator, byte[] payload) {
    return header(allocator, FrameType.HELLO, 0, payload.length, payload.length)
        .writeBytes(payload);
  }

  static ByteBuf end(ByteBufAllocator allocator, long requestId, long totalBytes) {
    return header(allocator, FrameType.END, requestId, Long.BYTES, Long.BYTES)
        .writeLong(totalBytes);
  }

  static ByteBuf credit(ByteBufAllocator allocator, long requestId, int bytes) {
    return header(allocator, FrameType.CREDIT, requestId, Integer.BYTES, Integer.BYTES)
        .writeInt(bytes);
  }

  /** A text that is too long is cut. */
  static ByteBuf failure(
      ByteBufAllocator allocator, long requestId, FailureCode code, String text) {
    byte[] bytes = cut(text, NetLimits.FAILURE_TEXT_MAX_BYTES);
    int payload = FrameLimits.FAILURE_PREFIX_BYTES + bytes.length;
    return header(allocator, FrameType.FAILURE, requestId, payload, payload)
        .writeShort(code.number())
        .writeBytes(bytes);
  }

  /**
   * Reads a failure's payload, whose length was checked.
   *
   * @throws ProtocolViolation if there is no such code or the text is not UTF-8
   */
  static PeerException readFailure(ByteBuf payload) throws ProtocolViolation {
    int number = payload.readUnsignedShort();
    FailureCode code = FailureCode.of(number);
    if (code == null) {
      throw new ProtocolViolation("there is no failure code " + number);
    }
    try {
      String text = UTF_8.newDecoder().decode(payload.nioBuffer()).toString();
      return PeerException.refused(code, printable(text));
    } catch (CharacterCodingException e) {
      throw new ProtocolViolation("the text of a failure is not UTF-8");
    }
  }

  /** Text from a peer, fit for a log: one line, no control characters. */
  static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .map(point -> Character.isISOControl(point) || Character.getType(point) == Character.FORMAT
            ? '?'
            : point)
        .forEach(clean::appendCodePoint);
    return clean.toString();
  }

  /** The text in UTF-8, without the characters that begin after {@code maxBytes}. */
  static byte[] cut(String text, int maxBytes) {
    ByteBuffer out = ByteBuffer.allocate(maxBytes);
    UTF_8
        .newEncoder()
        .onMalformedInput(CodingErrorAction.REPLACE)
        .encode(CharBuffer.wrap(text), out, true);
    out.flip();
    byte[] bytes = new byte[out.remaining()];
    out.get(bytes);
    return bytes;
  }

  private static ByteBuf header(
      ByteBufAllocator allocator, FrameType type, long requestId, int payloadBytes, int room) {
    return allocator
        .buffer(FrameDecoder.HEADER_BYTES + room)
        .writeInt(FrameDecoder.COUNTED_HEADER_BYTES + payloadBytes)
        .writeByte(type.number())
        .writeLong(requestId);
  }

  private Frames() {}
}
