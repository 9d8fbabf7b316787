package org.cairnfs.crypto;

import org.cairnfs.core.Bytes;

/** Deterministic AES-256-GCM-SIV (RFC 8452) under one key and one nonce. For one thread. */
interface SivCipher {
  int TAG_BYTES = 16;

  /** The fastest there is. */
  static SivCipher of(Primitives primitives, byte[] key, byte[] nonce) {
    return primitives.isNative()
        ? new NativeSivCipher(primitives.aesGcmSiv(), key, nonce)
        : new JavaSivCipher(key, nonce);
  }

  /** The sealed string, longer by {@link #TAG_BYTES}. */
  Bytes seal(byte[] associated, Bytes plain);

  /**
   * Opens what was sealed.
   *
   * @throws IntegrityException if it was not sealed with this key and this associated data
   */
  Bytes open(byte[] associated, Bytes sealed) throws IntegrityException;

  /**
   * Looks for the tag only.
   *
   * @throws IntegrityException if it is too short to have one
   */
  static void requireTag(Bytes sealed) throws IntegrityException {
    if (sealed.length() < TAG_BYTES) {
      throw new IntegrityException(
          "a sealed string of " + sealed.length() + " bytes has no room for its tag");
    }
  }
}
