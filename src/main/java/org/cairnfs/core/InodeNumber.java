package org.cairnfs.core;

import org.jspecify.annotations.Nullable;

/** Names one inode of a volume: 64 bits, unsigned, never 0, never reused. */
public record InodeNumber(long value) implements Comparable<InodeNumber> {
  /** The root directory of every volume; FUSE uses the same number. */
  public static final InodeNumber ROOT = new InodeNumber(1);

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof InodeNumber that && value == that.value;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(value);
  }

  @Override
  public int compareTo(InodeNumber other) {
    return Long.compareUnsigned(value, other.value);
  }

  @Override
  public String toString() {
    return Long.toUnsignedString(value);
  }
}
