package org.cairnfs.meta;

import java.nio.ByteBuffer;

/**
 * What the binary records have in common: a version byte first, big-endian fields, no bytes left
 * over.
 */
final class Records {
  /** A record of flags and nothing else: tables that are sets hold it. */
  static final byte[] EMPTY = new byte[0];

  /** A reader positioned after the version byte. */
  static ByteBuffer open(String what, byte[] value, int version, int leastBytes) {
    if (value.length < leastBytes) {
      throw new CorruptMetadataException(what + " record of " + value.length + " bytes");
    }
    if (value[0] != version) {
      throw new CorruptMetadataException(
          what + " record of version " + value[0] + ", this build knows " + version);
    }
    return ByteBuffer.wrap(value).position(1);
  }

  /**
   * A length of {@code lengthBytes} bytes, one or two.
   *
   * @throws CorruptMetadataException if the record ends before it
   */
  static int length(ByteBuffer in, int lengthBytes) {
    if (in.remaining() < lengthBytes) {
      throw new CorruptMetadataException("a record ends before a length");
    }
    return lengthBytes == Byte.BYTES
        ? Byte.toUnsignedInt(in.get())
        : Short.toUnsignedInt(in.getShort());
  }

  static void requireEnd(String what, ByteBuffer in) {
    if (in.hasRemaining()) {
      throw new CorruptMetadataException(
          what + " record with " + in.remaining() + " bytes too many");
    }
  }

  private Records() {}
}
