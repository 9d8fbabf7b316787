package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * What an invitation into a cluster rests on: 16 random bytes. The cluster knows their SHA-256
 * only; whoever shows the bytes is admitted, and the volume's key file travels wrapped (RFC 3394)
 * under a key that comes from them by HKDF-SHA256.
 *
 * <p>Thread-safe until closed; closing zeroes the bytes.
 */
public final class InvitationSecret implements AutoCloseable {
  /** Length of the secret. */
  public static final int SIZE_BYTES = 16;

  private static final byte[] PURPOSE = "cairn/1/join".getBytes(US_ASCII);

  private final byte[] secret;

  private InvitationSecret(byte[] secret) {
    this.secret = secret;
  }

  /** A new one for a new invitation. */
  public static InvitationSecret generate(SecureRandom random) {
    byte[] secret = new byte[SIZE_BYTES];
    random.nextBytes(secret);
    return new InvitationSecret(secret);
  }

  /**
   * From its bytes, which are copied.
   *
   * @throws IllegalArgumentException unless there are exactly 16
   */
  public static InvitationSecret of(byte[] bytes) {
    if (bytes.length != SIZE_BYTES) {
      throw new IllegalArgumentException("a secret has 16 bytes, not " + bytes.length);
    }
    return new InvitationSecret(bytes.clone());
  }

  /** The bytes, a copy, for the token and for the node that admits. */
  public byte[] copyBytes() {
    return secret.clone();
  }

  /** What the cluster keeps of it. */
  public byte[] hash() {
    return Primitives.JDK.sha256().digest(secret);
  }

  /** The key file in a form that only who has this secret can read. */
  public byte[] wrap(KeyFile keyFile) {
    try {
      Cipher cipher = cipher(Cipher.WRAP_MODE);
      return cipher.wrap(new SecretKeySpec(keyFile.secret(), "AES"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a key of 32 bytes can be wrapped", e);
    }
  }

  /**
   * The key file that {@link #wrap} wrapped under the same secret.
   *
   * @throws BadKeyException DAMAGED if it was not, or the bytes were changed
   */
  public KeyFile unwrap(byte[] wrapped) throws BadKeyException {
    try {
      byte[] key =
          cipher(Cipher.UNWRAP_MODE).unwrap(wrapped, "AES", Cipher.SECRET_KEY).getEncoded();
      if (key.length == Primitives.KEY_BYTES) {
        return KeyFile.of(key);
      }
    } catch (InvalidKeyException | NoSuchAlgorithmException e) {
      throw new BadKeyException(
          BadKeyException.Reason.DAMAGED, "the volume's key did not arrive intact", e);
    }
    throw new BadKeyException(
        BadKeyException.Reason.DAMAGED, "the volume's key arrived with another length");
  }

  private Cipher cipher(int mode) {
    byte[] key = Hkdf.derive(secret, new byte[0], PURPOSE, Primitives.KEY_BYTES);
    try {
      Cipher cipher = Primitives.aesKeyWrap();
      cipher.init(mode, new SecretKeySpec(key, "AES"));
      return cipher;
    } catch (InvalidKeyException e) {
      throw new IllegalStateException("AES takes a key of 32 bytes", e);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  @Override
  public void close() {
    Arrays.fill(secret, (byte) 0);
  }

  /** Says nothing of the secret. */
  @Override
  public String toString() {
    return "InvitationSecret[secret]";
  }
}
