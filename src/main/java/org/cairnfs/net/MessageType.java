package org.cairnfs.net;

/**
 * A kind of request. Whoever defines one chooses its number and the meaning of its bytes.
 *
 * @param number unique in the cluster, 1 to 65535
 * @param name for logs
 * @param channel the connection it travels on
 */
public record MessageType(int number, String name, ChannelKind channel) {
  private static final int NUMBER_MAX = (1 << 16) - 1;

  public MessageType {
    if (number < 1 || number > NUMBER_MAX) {
      throw new IllegalArgumentException("a message type is a u16 above 0, not " + number);
    }
  }
}
