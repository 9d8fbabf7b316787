package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A key file: 32 random bytes that open a volume's key slots, as three lines of text that survive
 * being printed.
 *
 * <p>Lines: {@code CAIRN VOLUME KEY 1}, the key as 64 hexadecimal digits, the first 8 digits of its
 * SHA-256. Thread-safe until closed; closing zeroes the bytes.
 */
public final class KeyFile implements AutoCloseable {
  private static final String HEADER_START = "CAIRN VOLUME KEY ";
  private static final String VERSION = "1";
  private static final int CHECK_BYTES = 4;

  private final byte[] secret;

  private KeyFile(byte[] secret) {
    this.secret = secret;
  }

  /** A new one; {@link #save} it. */
  public static KeyFile generate(SecureRandom random) {
    byte[] secret = new byte[Primitives.KEY_BYTES];
    random.nextBytes(secret);
    return new KeyFile(secret);
  }

  /**
   * Reads one.
   *
   * @throws IOException if the file cannot be read
   * @throws BadKeyException if it is no key file (UNRECOGNISED_FILE), of a newer version, or
   *     mistyped or damaged
   */
  public static KeyFile load(Path file) throws IOException, BadKeyException {
    byte[] bytes = PrivateFiles.read(file);
    try {
      return parse(file.toString(), bytes);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /** Writes or replaces the file, mode 0600, durably. */
  public void save(Path file) throws IOException {
    HexFormat hex = HexFormat.of();
    String text = HEADER_START + VERSION + "\n" + hex.formatHex(secret) + "\n"
        + hex.formatHex(check(secret)) + "\n";
    PrivateFiles.replace(file, text.getBytes(US_ASCII));
  }

  /** From its bytes, which are copied. */
  static KeyFile of(byte[] secret) {
    return new KeyFile(secret.clone());
  }

  /** The bytes themselves. Not a copy: read only. */
  byte[] secret() {
    return secret;
  }

  @Override
  public void close() {
    Arrays.fill(secret, (byte) 0);
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "KeyFile[secret]";
  }

  private static KeyFile parse(String source, byte[] bytes) throws BadKeyException {
    List<String> lines = new String(bytes, ISO_8859_1)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
    if (lines.isEmpty() || !lines.get(0).startsWith(HEADER_START)) {
      throw new BadKeyException(
          BadKeyException.Reason.UNRECOGNISED_FILE, source + " is not a Cairn volume key file");
    }
    if (!lines.get(0).equals(HEADER_START + VERSION)) {
      throw new BadKeyException(
          BadKeyException.Reason.NEWER_VERSION,
          source + " was written by a newer version of Cairn");
    }
    try {
      byte[] secret = HexFormat.of().parseHex(lines.size() > 1 ? lines.get(1) : "");
      byte[] check = HexFormat.of().parseHex(lines.size() > 2 ? lines.get(2) : "");
      if (secret.length == Primitives.KEY_BYTES && Arrays.equals(check, check(secret))) {
        return new KeyFile(secret);
      }
      throw damaged(source);
    } catch (IllegalArgumentException e) {
      // The cause would quote digits of the key.
      throw damaged(source);
    }
  }

  private static BadKeyException damaged(String source) {
    return new BadKeyException(
        BadKeyException.Reason.DAMAGED,
        "the key in " + source + " is damaged: its check digits do not match");
  }

  private static byte[] check(byte[] secret) {
    MessageDigest sha256 = Primitives.JDK.sha256();
    return Arrays.copyOf(sha256.digest(secret), CHECK_BYTES);
  }
}
