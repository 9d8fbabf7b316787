package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;

/**
 * Makes and takes apart the keys of the tables: big-endian numbers, so that keys order as the
 * numbers do.
 */
final class Keys {
  /** Before every key. */
  static final byte[] FIRST = new byte[0];

  /** After every key that begins with a number below 2^63, or with a second of GARBAGE. */
  static final byte[] LAST = {(byte) 0xff};

  /** After every key of 32 bytes: of BLOB, MEMBER and INVITE. */
  static final byte[] END_OF_HASHES = endOfHashes();

  /** In SYSTEM: {@link VolumeRecord}. */
  static final byte[] VOLUME = system("volume");

  /** In SYSTEM: the first inode number never given out, u64. */
  static final byte[] NEXT_INODE = system("next-inode");

  /** In SYSTEM: term and index of the last Raft entry applied, 2 x u64. */
  static final byte[] APPLIED = system("applied");

  /** In SYSTEM: the sums of {@link Usage}, 4 x u64. */
  static final byte[] USAGE = system("usage");

  /** In SYSTEM: {@link ReplicationRecord}. */
  static final byte[] REPLICATION = system("replication");

  private static final int NUMBER_BYTES = Long.BYTES;

  /** Of INODE, RECLAIM and SESSION; also the prefix of all keys that begin with the number. */
  static byte[] number(long number) {
    byte[] key = new byte[NUMBER_BYTES];
    putLong(key, 0, number);
    return key;
  }

  /** Of DENTRY and XATTR. */
  static byte[] named(long number, byte[] name) {
    byte[] key = new byte[NUMBER_BYTES + name.length];
    putLong(key, 0, number);
    System.arraycopy(name, 0, key, NUMBER_BYTES, name.length);
    return key;
  }

  /** The smallest key that orders after {@code key}. */
  static byte[] after(byte[] key) {
    return Arrays.copyOf(key, key.length + 1);
  }

  /** Of EXTENT (map, block) and ORPHAN (session, inode). */
  static byte[] pair(long first, long second) {
    byte[] key = new byte[2 * NUMBER_BYTES];
    putLong(key, 0, first);
    putLong(key, NUMBER_BYTES, second);
    return key;
  }

  /** The end of all keys that begin with {@code number}; numbers of the volume stay below 2^63. */
  static byte[] endOf(long number) {
    return number(number + 1);
  }

  /** Of BLOB. */
  static byte[] blob(BlobId id) {
    return id.toBytes();
  }

  /** Of GARBAGE. */
  static byte[] garbage(long second, BlobId id) {
    ByteBuffer key = ByteBuffer.allocate(NUMBER_BYTES + BlobId.SIZE_BYTES).putLong(second);
    id.write(key);
    return key.array();
  }

  static BlobId blobOfGarbage(byte[] key) {
    return BlobId.read(ByteBuffer.wrap(key, NUMBER_BYTES, BlobId.SIZE_BYTES));
  }

  static byte[] nameOf(byte[] key) {
    return Arrays.copyOfRange(key, NUMBER_BYTES, key.length);
  }

  static long firstNumber(byte[] key) {
    return ByteBuffer.wrap(key).getLong();
  }

  static long secondNumber(byte[] key) {
    return ByteBuffer.wrap(key).getLong(NUMBER_BYTES);
  }

  private static void putLong(byte[] into, int at, long value) {
    for (int i = 0; i < NUMBER_BYTES; i++) {
      into[at + i] = (byte) (value >>> (8 * (NUMBER_BYTES - 1 - i)));
    }
  }

  private static byte[] endOfHashes() {
    byte[] end = new byte[NodeId.SIZE_BYTES + 1];
    Arrays.fill(end, (byte) 0xff);
    return end;
  }

  private static byte[] system(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }

  private Keys() {}
}
