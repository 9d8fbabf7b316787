package org.cairnfs.meta;

import java.nio.ByteBuffer;

/**
 * The part of one session in the lease on the volume.
 *
 * @param wanted what it waits for; NONE if it does not
 * @param ticket its place among those who wait: the lowest is served first
 */
record LeaseRecord(LeaseMode held, LeaseMode wanted, long ticket) {
  static final LeaseRecord NOTHING = new LeaseRecord(LeaseMode.NONE, LeaseMode.NONE, 0);

  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 3 + Long.BYTES;

  static LeaseRecord decode(byte[] value) {
    ByteBuffer in = Records.open("lease", value, VERSION, SIZE_BYTES);
    LeaseRecord lease =
        new LeaseRecord(LeaseMode.of(in.get()), LeaseMode.of(in.get()), in.getLong());
    Records.requireEnd("lease", in);
    return lease;
  }

  byte[] encode() {
    return ByteBuffer.allocate(SIZE_BYTES)
        .put((byte) VERSION)
        .put((byte) held.number())
        .put((byte) wanted.number())
        .putLong(ticket)
        .array();
  }

  boolean isWaiting() {
    return wanted != LeaseMode.NONE;
  }
}
