package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.NodeId;

/**
 * One session.
 *
 * @param node whose it is
 * @param lastCut the number of the last entry applied
 * @param ended it is over; what it kept open is being freed
 */
record SessionRecord(NodeId node, long lastCut, boolean ended) {
  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 1 + NodeId.SIZE_BYTES + 8 + 1;

  static SessionRecord decode(byte[] value) {
    ByteBuffer in = Records.open("session", value, VERSION, SIZE_BYTES);
    SessionRecord session = new SessionRecord(NodeId.read(in), in.getLong(), in.get() != 0);
    Records.requireEnd("session", in);
    return session;
  }

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(SIZE_BYTES).put((byte) VERSION);
    node.write(out);
    return out.putLong(lastCut).put((byte) (ended ? 1 : 0)).array();
  }
}
