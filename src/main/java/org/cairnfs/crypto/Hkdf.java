package org.cairnfs.crypto;

import java.security.InvalidKeyException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF with SHA-256 (RFC 5869). */
final class Hkdf {
  private static final int HASH_BYTES = Primitives.SHA256_BYTES;
  private static final int OUTPUT_MAX_BYTES = 255 * HASH_BYTES;

  private Hkdf() {}

  /** Extract, then expand. An empty salt stands for 32 zero bytes, as the RFC says. */
  static byte[] derive(byte[] secret, byte[] salt, byte[] info, int lengthBytes) {
    byte[] pseudoRandomKey = extract(salt, secret);
    try {
      return expand(pseudoRandomKey, info, lengthBytes);
    } finally {
      Arrays.fill(pseudoRandomKey, (byte) 0);
    }
  }

  static byte[] extract(byte[] salt, byte[] secret) {
    return hmac(salt.length == 0 ? new byte[HASH_BYTES] : salt).doFinal(secret);
  }

  static byte[] expand(byte[] pseudoRandomKey, byte[] info, int lengthBytes) {
    if (lengthBytes < 1 || lengthBytes > OUTPUT_MAX_BYTES) {
      throw new IllegalArgumentException("HKDF cannot give " + lengthBytes + " bytes");
    }
    Mac mac = hmac(pseudoRandomKey);
    byte[] output = new byte[lengthBytes];
    byte[] block = new byte[0];
    int done = 0;
    for (int counter = 1; done < lengthBytes; counter++) {
      mac.update(block);
      mac.update(info);
      mac.update((byte) counter);
      Arrays.fill(block, (byte) 0);
      block = mac.doFinal();
      int wanted = Math.min(HASH_BYTES, lengthBytes - done);
      System.arraycopy(block, 0, output, done, wanted);
      done += wanted;
    }
    Arrays.fill(block, (byte) 0);
    return output;
  }

  private static Mac hmac(byte[] key) {
    try {
      Mac mac = Primitives.JDK.hmacSha256();
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac;
    } catch (InvalidKeyException e) {
      throw new IllegalStateException("HMAC takes any key", e);
    }
  }
}
