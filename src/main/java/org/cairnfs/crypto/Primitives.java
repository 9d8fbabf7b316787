package org.cairnfs.crypto;

import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import org.conscrypt.Conscrypt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the objects that encrypt and hash. Those of {@link #JDK} are for keys and names, and come
 * from the JDK's own providers whatever is installed in front of them. {@link #forData} are
 * BoringSSL's, by Conscrypt, on machines that it was built for, else the JDK's. Both do the same at
 * the same speed, in the end; but the JDK's are a hundred times slower until they are compiled, and
 * a program that begins to read right after a mount waits for that.
 */
public final class Primitives {
  static final int KEY_BYTES = 32;
  static final int SHA256_BYTES = 32;

  /** Length of an AES-GCM tag, in the bits that {@code GCMParameterSpec} counts. */
  static final int TAG_BITS = 128;

  private static final Logger LOG = LoggerFactory.getLogger(Primitives.class);

  static final Primitives JDK = new Primitives(null);

  /** Made at the first use: commands have none. */
  private static final class ForData {
    private static final Primitives INSTANCE = find();

    private static Primitives find() {
      boolean there = Conscrypt.isAvailable();
      LOG.info("ciphers are {}", there ? "BoringSSL's" : "Java's, which are slow at first");
      return there ? new Primitives(Conscrypt.newProvider()) : JDK;
    }
  }

  private final @Nullable Provider provider;

  private Primitives(@Nullable Provider provider) {
    this.provider = provider;
  }

  /** The ones to encrypt and hash data with on this machine. */
  public static Primitives forData() {
    return ForData.INSTANCE;
  }

  /** Whether they are as fast at the first call as ever. */
  public boolean isNative() {
    return provider != null;
  }

  public MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256", orElse("SUN"));
    } catch (GeneralSecurityException e) {
      throw missing("SHA-256", e);
    }
  }

  Mac hmacSha256() {
    try {
      return Mac.getInstance("HmacSHA256", orElse("SunJCE"));
    } catch (GeneralSecurityException e) {
      throw missing("HmacSHA256", e);
    }
  }

  Cipher aesGcm() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding", orElse("SunJCE"));
    } catch (GeneralSecurityException e) {
      throw missing("AES-GCM", e);
    }
  }

  /** For key pairs on the curves of NIST. */
  KeyPairGenerator ellipticCurve() {
    try {
      return KeyPairGenerator.getInstance("EC", orElse("SunEC"));
    } catch (GeneralSecurityException e) {
      throw missing("EC", e);
    }
  }

  /** RFC 3394; always the JDK's. */
  static Cipher aesKeyWrap() {
    try {
      return Cipher.getInstance("AESWrap", jdk("SunJCE"));
    } catch (GeneralSecurityException e) {
      throw missing("AESWrap", e);
    }
  }

  private Provider orElse(String name) {
    return provider != null ? provider : jdk(name);
  }

  private static Provider jdk(String name) {
    Provider provider = Security.getProvider(name);
    if (provider == null) {
      throw new IllegalStateException("this JDK has no security provider " + name);
    }
    return provider;
  }

  private static IllegalStateException missing(String what, GeneralSecurityException cause) {
    return new IllegalStateException("this machine has no " + what, cause);
  }
}
