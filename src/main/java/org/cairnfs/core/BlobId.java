package org.cairnfs.core;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Names a blob: the SHA-256 over all its bytes as stored.
 *
 * <p>Held as four big-endian words rather than an array, so that it is immutable and compares fast.
 * To compare it is written out, as for other keys of maps that programs wait for: what a record has
 * of itself is made of method handles, which took a tenth of the time of the first reads.
 */
public record BlobId(long word0, long word1, long word2, long word3) implements Comparable<BlobId> {
  /** Length of the encoded form. */
  public static final int SIZE_BYTES = 32;

  /**
   * Reads the 32 bytes at the position of {@code in} and moves the position past them.
   *
   * @throws java.nio.BufferUnderflowException if fewer remain
   */
  public static BlobId read(ByteBuffer in) {
    ByteBuffer bytes = in.slice(in.position(), requireRemaining(in));
    in.position(in.position() + SIZE_BYTES);
    return new BlobId(bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong());
  }

  /**
   * From the encoded form.
   *
   * @throws IllegalArgumentException unless there are exactly 32 bytes
   */
  public static BlobId of(byte[] bytes) {
    if (bytes.length != SIZE_BYTES) {
      throw new IllegalArgumentException("a BlobId has 32 bytes, not " + bytes.length);
    }
    return read(ByteBuffer.wrap(bytes));
  }

  /**
   * Writes the 32 bytes at the position of {@code out}, big-endian whatever order {@code out} has.
   */
  public void write(ByteBuffer out) {
    out.put(toBytes());
  }

  /** The encoded form, a new array. */
  public byte[] toBytes() {
    return ByteBuffer.allocate(SIZE_BYTES)
        .putLong(word0)
        .putLong(word1)
        .putLong(word2)
        .putLong(word3)
        .array();
  }

  /** Orders by the unsigned bytes of the encoded form. */
  @Override
  public int compareTo(BlobId other) {
    int order = Long.compareUnsigned(word0, other.word0);
    order = order != 0 ? order : Long.compareUnsigned(word1, other.word1);
    order = order != 0 ? order : Long.compareUnsigned(word2, other.word2);
    return order != 0 ? order : Long.compareUnsigned(word3, other.word3);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BlobId that
        && word0 == that.word0
        && word1 == that.word1
        && word2 == that.word2
        && word3 == that.word3;
  }

  /** A hash already is uniform: one of its words serves as hash code. */
  @Override
  public int hashCode() {
    return Long.hashCode(word0);
  }

  /** The 64 hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(toBytes());
  }

  private static int requireRemaining(ByteBuffer in) {
    if (in.remaining() < SIZE_BYTES) {
      throw new BufferUnderflowException();
    }
    return SIZE_BYTES;
  }
}
