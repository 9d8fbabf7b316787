package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.Replication;

/** A volume's {@link Replication} as a row; there is none while it is the default. */
final class ReplicationRecord {
  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 1 + Integer.BYTES + Integer.BYTES;

  static byte[] encode(Replication replication) {
    return ByteBuffer.allocate(SIZE_BYTES)
        .put((byte) VERSION)
        .putInt(replication.replicas())
        .putInt(replication.writeQuorum())
        .array();
  }

  static Replication decode(byte[] value) {
    ByteBuffer in = Records.open("replication", value, VERSION, SIZE_BYTES);
    int replicas = in.getInt();
    int writeQuorum = in.getInt();
    Records.requireEnd("replication", in);
    if (!Replication.isValid(replicas, writeQuorum)) {
      throw new CorruptMetadataException(
          "replication record of " + writeQuorum + " of " + replicas + " copies");
    }
    return new Replication(replicas, writeQuorum);
  }

  /** What the tables say; the default if they say nothing, as those of earlier versions do. */
  static Replication read(MetaReader reader) {
    byte[] value = reader.get(MetaTable.SYSTEM, Keys.REPLICATION);
    return value == null ? Replication.DEFAULT : decode(value);
  }

  private ReplicationRecord() {}
}
