package org.cairnfs.crypto;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Properties;

/** The pinned bytes of golden.properties, and the inputs they were made of. */
final class Golden {
  private static final Properties PINNED = load();

  private Golden() {}

  static byte[] bytes(String name) {
    return HexFormat.of().parseHex(hex(name));
  }

  static String hex(String name) {
    return Objects.requireNonNull(PINNED.getProperty(name), name);
  }

  /** The master key 00 01 .. 1f. */
  static MasterKey masterKey() {
    return MasterKey.of(counting(0, MasterKey.SIZE_BYTES));
  }

  static VolumeKeys volumeKeys() {
    return VolumeKeys.derive(masterKey());
  }

  static byte[] counting(int first, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (first + i);
    }
    return bytes;
  }

  /** A block that looks different in each of its first 256 pieces of 256 bytes. */
  static byte[] block(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 + (i >> 8));
    }
    return bytes;
  }

  /** Random numbers that are all the same byte. */
  static SecureRandom constantRandom(int value) {
    return new SecureRandom() {
      private static final long serialVersionUID = 1L;

      @Override
      public void nextBytes(byte[] bytes) {
        Arrays.fill(bytes, (byte) value);
      }
    };
  }

  private static Properties load() {
    Properties properties = new Properties();
    try (InputStream in = Golden.class.getResourceAsStream("golden.properties")) {
      properties.load(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties;
  }
}
