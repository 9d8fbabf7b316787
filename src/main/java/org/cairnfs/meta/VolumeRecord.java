package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.Bytes;

/** Which volume the tables hold. */
record VolumeRecord(Bytes volumeId) {
  /** Bounds what is read back. */
  static final int ID_MAX_BYTES = 64;

  private static final int VERSION = 1;

  static VolumeRecord decode(byte[] value) {
    ByteBuffer in = Records.open("volume", value, VERSION, 2);
    byte[] id = new byte[in.remaining()];
    in.get(id);
    return new VolumeRecord(new Bytes(id));
  }

  byte[] encode() {
    return ByteBuffer.allocate(1 + volumeId.length())
        .put((byte) VERSION)
        .put(volumeId.array())
        .array();
  }
}
