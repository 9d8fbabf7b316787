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
 * Makes the objects that encrypt and hash. Those of {@link #JDK} are for keys that last, and come
 * from the JDK's own providers whatever is installed in front of them. {@link #fastest} are
 * BoringSSL's, by Conscrypt, on machines that it was built for, else the JDK's: for data, names,
 * and what each start makes anew. Both do the same at the same speed, in the end; but the JDK's are
 * a hundred times slower until they are compiled, and a program that begins to read right after a
 * mount waits for that.
 */
public final class Primitives {
  static final int KEY_BYTES = 32;
  static final int SHA256_BYTES = 32;

  /** Length of an AES-GCM tag, in the bits that {@code GCMParameterSpec} counts. */
  static final int TAG_BITS = 128;

  private static final Logger LOG = LoggerFactory.getLogger(Primitives.class);

  static final Primitives JDK = new Primitives(null);

  /** Made at the first use: commands have none. */
  private static final class Fastest {
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

  /** Those that are fast at once, on a machine that has such. */
  public static Primitives fastest() {
    return Fastest.INSTANCE;
  }

  /** Whether they are as fast at the first call as ever. */
  public boolean isNative() {
    return provider != null;
  }

  public MessageDigest sha256() {
    return made("SHA-256", name -> MessageDigest.getInstance(name, orElse("SUN")));
  }

  Mac hmacSha256() {
    return made("HmacSHA256", name -> Mac.getInstance(name, orElse("SunJCE")));
  }

  Cipher aesGcm() {
    return made("AES/GCM/NoPadding", name -> Cipher.getInstance(name, orElse("SunJCE")));
  }

  /** RFC 8452, with keys of 256 bits; only if these are native: the JDK has none. */
  Cipher aesGcmSiv() {
    return made("AES_256/GCM-SIV/NoPadding", name -> Cipher.getInstance(name, orElse("SunJCE")));
  }

  /** Key pairs on the curves of NIST. */
  KeyPairGenerator ellipticCurve() {
    return made("EC", name -> KeyPairGenerator.getInstance(name, orElse("SunEC")));
  }

  /** RFC 3394; always the JDK's. */
  static Cipher aesKeyWrap() {
    return made("AESWrap", name -> Cipher.getInstance(name, jdk("SunJCE")));
  }

  /** Makes what has a name in the Java Cryptography Architecture. */
  private interface Maker<T> {
    T make(String name) throws GeneralSecurityException;
  }

  private static <T> T made(String name, Maker<T> maker) {
    try {
      return maker.make(name);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this machine has no " + name, e);
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
}
