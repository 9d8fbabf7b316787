package org.cairnfs.net;

/**
 * The sizes that both ends of a connection hold each other to. Part of the protocol: a change needs
 * a new version.
 */
public final class NetLimits {
  /** Longest body of a request on a control connection. */
  public static final int CONTROL_BODY_MAX_BYTES = 1 << 20;

  /** Longest body on a bulk connection: an entry of the metadata log, and what is around it. */
  public static final int BULK_BODY_MAX_BYTES = 16 << 20;

  /** Longest body that a node that is no member may send. */
  public static final int GUEST_BODY_MAX_BYTES = 64 << 10;

  /** Longest answer that is not streamed. */
  public static final int REPLY_MAX_BYTES = 256 << 10;

  /** Longest piece of a stream. */
  static final int CHUNK_MAX_BYTES = 128 << 10;

  /** Bytes of one stream that may be under way or not taken yet. */
  static final int WINDOW_BYTES = 512 << 10;

  /** Requests of one connection that are not answered yet. */
  static final int OPEN_REQUESTS_MAX = 256;

  /** Streams among them. */
  static final int OPEN_STREAMS_MAX = 32;

  /** Payload of the first frame of either side. */
  static final int HELLO_MAX_BYTES = 1 << 10;

  /** Longest explanation in a failure, in UTF-8. */
  static final int FAILURE_TEXT_MAX_BYTES = 512;

  static final int SOFTWARE_MAX_BYTES = 64;
  static final int ROLES_MAX = 8;

  private NetLimits() {}
}
