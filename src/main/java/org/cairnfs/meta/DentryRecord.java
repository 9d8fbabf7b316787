package org.cairnfs.meta;

import java.nio.ByteBuffer;

/**
 * What a name stands for.
 *
 * @param type the type bits of the inode's mode
 */
record DentryRecord(long inode, int type) {
  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 1 + 8 + 4;

  static DentryRecord decode(byte[] value) {
    ByteBuffer in = Records.open("dentry", value, VERSION, SIZE_BYTES);
    DentryRecord dentry = new DentryRecord(in.getLong(), in.getInt());
    Records.requireEnd("dentry", in);
    return dentry;
  }

  byte[] encode() {
    return ByteBuffer.allocate(SIZE_BYTES)
        .put((byte) VERSION)
        .putLong(inode)
        .putInt(type)
        .array();
  }
}
