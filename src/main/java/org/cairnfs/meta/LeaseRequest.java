package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a session waits for: leases on some inodes, which it gets all at once.
 *
 * @param wanted how much of the lease on each inode; never NONE
 */
record LeaseRequest(long session, Map<Long, LeaseMode> wanted) {
  /** Most inodes of one request. */
  static final int MAX_INODES = 1024;

  private static final int VERSION = 1;
  private static final int HEAD_BYTES = 1 + Long.BYTES + Integer.BYTES;
  private static final int INODE_BYTES = Long.BYTES + 1;

  static LeaseRequest decode(byte[] value) {
    ByteBuffer in = Records.open("lease request", value, VERSION, HEAD_BYTES);
    long session = in.getLong();
    int count = in.getInt();
    if (count < 0 || in.remaining() != (long) count * INODE_BYTES) {
      throw new CorruptMetadataException("lease request of another length than it says");
    }
    Map<Long, LeaseMode> wanted = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      wanted.put(in.getLong(), LeaseMode.of(in.get()));
    }
    return new LeaseRequest(session, wanted);
  }

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES + wanted.size() * INODE_BYTES);
    out.put((byte) VERSION).putLong(session).putInt(wanted.size());
    new TreeMap<>(wanted).forEach((inode, mode) -> out.putLong(inode).put((byte) mode.number()));
    return out.array();
  }

  LeaseMode at(long inode) {
    return wanted.getOrDefault(inode, LeaseMode.NONE);
  }

  /** Whether both, of two sessions, cannot be granted at a time. */
  boolean conflictsWith(LeaseRequest other) {
    return session != other.session
        && wanted.entrySet().stream()
            .anyMatch(want -> want.getValue().conflictsWith(other.at(want.getKey())));
  }
}
