package org.cairnfs.net;

import java.util.EnumMap;
import java.util.Map;

/** Which frames may arrive at a moment, and how long they may be. Immutable. */
final class FrameLimits {
  /** What a request has in front of its body: message type, time limit, window. */
  static final int REQUEST_PREFIX_BYTES = Short.BYTES + Integer.BYTES + Integer.BYTES;

  /** What a failure has in front of its text: code. */
  static final int FAILURE_PREFIX_BYTES = Short.BYTES;

  private record Range(int min, int max) {}

  private static final Range NOTHING = new Range(0, 0);
  private static final Range HELLO =
      new Range(HelloCodec.PREFIX_BYTES, HelloCodec.PREFIX_BYTES + NetLimits.HELLO_MAX_BYTES);
  private static final Range FAILURE =
      new Range(FAILURE_PREFIX_BYTES, FAILURE_PREFIX_BYTES + NetLimits.FAILURE_TEXT_MAX_BYTES);

  /** Before the handshake, at the server. */
  static final FrameLimits CLIENT_HELLO = new FrameLimits(Map.of(FrameType.HELLO, HELLO));

  /** Before the handshake, at the client. */
  static final FrameLimits SERVER_HELLO =
      new FrameLimits(Map.of(FrameType.HELLO, HELLO, FrameType.FAILURE, FAILURE));

  /** What a server sends. */
  static final FrameLimits FROM_SERVER = new FrameLimits(Map.of(
      FrameType.REPLY, new Range(0, NetLimits.REPLY_MAX_BYTES),
      FrameType.CHUNK, new Range(1, NetLimits.CHUNK_MAX_BYTES),
      FrameType.END, new Range(Long.BYTES, Long.BYTES),
      FrameType.FAILURE, FAILURE,
      FrameType.KEEP_ALIVE, NOTHING));

  private final Map<FrameType, Range> ranges;

  private FrameLimits(Map<FrameType, Range> ranges) {
    this.ranges = new EnumMap<>(ranges);
  }

  /** What a client may send. */
  static FrameLimits fromClient(ChannelKind channel, Standing standing) {
    int body = bodyMax(channel, standing);
    return new FrameLimits(Map.of(
        FrameType.REQUEST,
        new Range(REQUEST_PREFIX_BYTES, REQUEST_PREFIX_BYTES + body),
        FrameType.CREDIT,
        new Range(Integer.BYTES, Integer.BYTES),
        FrameType.CANCEL,
        NOTHING,
        FrameType.KEEP_ALIVE,
        NOTHING));
  }

  static int bodyMax(ChannelKind channel, Standing standing) {
    if (standing != Standing.MEMBER) {
      return NetLimits.GUEST_BODY_MAX_BYTES;
    }
    return channel == ChannelKind.CONTROL
        ? NetLimits.CONTROL_BODY_MAX_BYTES
        : NetLimits.BULK_BODY_MAX_BYTES;
  }

  /**
   * Checks what a frame says of itself, before anything is allocated for it.
   *
   * @param payloadBytes as a u32 less the header's part; may be negative
   */
  FrameType check(int typeNumber, long payloadBytes) throws ProtocolViolation {
    FrameType type = FrameType.of(typeNumber);
    if (type == null) {
      throw new ProtocolViolation("there is no frame of type " + typeNumber);
    }
    Range range = ranges.get(type);
    if (range == null) {
      throw new ProtocolViolation("a " + type + " frame has no place here");
    }
    if (payloadBytes < range.min() || payloadBytes > range.max()) {
      throw new ProtocolViolation("a %s frame with a payload of %d bytes, not %d to %d"
          .formatted(type, payloadBytes, range.min(), range.max()));
    }
    return type;
  }
}
