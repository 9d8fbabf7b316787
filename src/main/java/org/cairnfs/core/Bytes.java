package org.cairnfs.core;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * An immutable byte string with value equality, ordered by unsigned bytes: a file name, or a sealed
 * one.
 *
 * <p>Takes ownership of the array it is made of: neither side may write to it afterwards.
 */
public record Bytes(byte[] array) implements Comparable<Bytes> {
  public int length() {
    return array.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && Arrays.equals(array, that.array);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(array);
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(array, other.array);
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(array);
  }
}
