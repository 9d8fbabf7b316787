package org.cairnfs.node.home;

import java.security.MessageDigest;
import java.util.Arrays;

/**
 * A passphrase on its way from a person to a key slot: bytes, UTF-8 where they were typed, zeroed
 * when closed.
 *
 * <p>Not thread-safe.
 */
public final class Passphrase implements AutoCloseable {
  /** Longest passphrase. */
  public static final int MAX_BYTES = 4096;

  private final byte[] bytes;

  private Passphrase(byte[] bytes) {
    this.bytes = bytes;
  }

  /** From a line of input: a line end at its end is not part of it. The array is copied. */
  public static Passphrase ofLine(byte[] line) throws OperatorException {
    int length = line.length;
    if (length > 0 && line[length - 1] == '\n') {
      length--;
    }
    if (length > 0 && line[length - 1] == '\r') {
      length--;
    }
    if (length == 0) {
      throw new OperatorException("the passphrase is empty", "Give one of at least one character.");
    }
    if (length > MAX_BYTES) {
      throw new OperatorException(
          "the passphrase is longer than " + MAX_BYTES + " bytes",
          "Give a shorter one, or use a key file.");
    }
    return new Passphrase(Arrays.copyOf(line, length));
  }

  /** The bytes themselves, not a copy: read only. */
  public byte[] bytes() {
    return bytes;
  }

  /** Whether both are the same. */
  public boolean sameAs(Passphrase other) {
    return MessageDigest.isEqual(bytes, other.bytes);
  }

  @Override
  public void close() {
    Arrays.fill(bytes, (byte) 0);
  }

  /** Says nothing of the passphrase. */
  @Override
  public String toString() {
    return "Passphrase[secret]";
  }
}
