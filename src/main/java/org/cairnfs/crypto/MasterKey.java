package org.cairnfs.crypto;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The volume's master key: 32 random bytes that every other key of the volume comes from.
 *
 * <p>Thread-safe until closed. Closing zeroes the bytes; use after that is an
 * {@link IllegalStateException}.
 */
public final class MasterKey implements AutoCloseable {
  /** Length of the key. */
  public static final int SIZE_BYTES = Primitives.KEY_BYTES;

  private final byte[] key;
  private volatile boolean closed;

  private MasterKey(byte[] key) {
    this.key = key;
  }

  /** A new key for a new volume. */
  public static MasterKey generate(SecureRandom random) {
    byte[] key = new byte[SIZE_BYTES];
    random.nextBytes(key);
    return new MasterKey(key);
  }

  /**
   * A key from its bytes, which are copied.
   *
   * @throws IllegalArgumentException unless there are exactly 32
   */
  public static MasterKey of(byte[] bytes) {
    if (bytes.length != SIZE_BYTES) {
      throw new IllegalArgumentException("a master key has 32 bytes, not " + bytes.length);
    }
    return new MasterKey(bytes.clone());
  }

  /** The key itself, a copy that the caller zeroes after use. */
  byte[] copyBytes() {
    if (closed) {
      throw new IllegalStateException("the master key was closed");
    }
    return key.clone();
  }

  @Override
  public void close() {
    closed = true;
    Arrays.fill(key, (byte) 0);
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "MasterKey[secret]";
  }
}
