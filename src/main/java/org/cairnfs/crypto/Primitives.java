package org.cairnfs.crypto;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import javax.crypto.Cipher;
import javax.crypto.Mac;

/**
 * Makes the JDK's cipher objects, always from the JDK's own providers, so that another provider
 * installed in front of them changes neither the speed nor the behaviour. For keys and names;
 * {@link DataPrimitives} are for data.
 */
final class Primitives {
  static final int KEY_BYTES = 32;
  static final int SHA256_BYTES = 32;

  /** Length of an AES-GCM tag, in the bits that {@code GCMParameterSpec} counts. */
  static final int TAG_BITS = 128;

  private Primitives() {}

  static Cipher aesGcm() {
    return cipher("AES/GCM/NoPadding");
  }

  /** RFC 3394. */
  static Cipher aesKeyWrap() {
    return cipher("AESWrap");
  }

  static Mac hmacSha256() {
    try {
      return Mac.getInstance("HmacSHA256", provider("SunJCE"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HmacSHA256", e);
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256", provider("SUN"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }

  private static Cipher cipher(String transformation) {
    try {
      return Cipher.getInstance(transformation, provider("SunJCE"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no " + transformation, e);
    }
  }

  static Provider provider(String name) {
    Provider provider = Security.getProvider(name);
    if (provider == null) {
      throw new IllegalStateException("this JDK has no security provider " + name);
    }
    return provider;
  }
}
