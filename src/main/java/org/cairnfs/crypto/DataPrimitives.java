package org.cairnfs.crypto;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import org.conscrypt.Conscrypt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the objects that encrypt and hash a volume's data: BoringSSL's, by Conscrypt, on machines
 * that it was built for, else the JDK's. Both do the same at the same speed, in the end; but the
 * JDK's are a hundred times slower until they are compiled, and a program that begins to read right
 * after a mount waits for that.
 */
public final class DataPrimitives {
  private static final Logger LOG = LoggerFactory.getLogger(DataPrimitives.class);

  /** The JDK's own. */
  static final DataPrimitives JDK = new DataPrimitives(null);

  /** Made at the first use: commands have none. */
  private static final class Best {
    private static final DataPrimitives INSTANCE = find();

    private static DataPrimitives find() {
      boolean there = Conscrypt.isAvailable();
      LOG.info("ciphers are {}", there ? "BoringSSL's" : "Java's, which are slow at first");
      return there ? new DataPrimitives(Conscrypt.newProvider()) : JDK;
    }
  }

  private final @Nullable Provider provider;

  private DataPrimitives(@Nullable Provider provider) {
    this.provider = provider;
  }

  /** The ones to use on this machine. */
  public static DataPrimitives best() {
    return Best.INSTANCE;
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

  private Provider orElse(String name) {
    return provider != null ? provider : Primitives.provider(name);
  }

  private static IllegalStateException missing(String what, GeneralSecurityException cause) {
    return new IllegalStateException("this machine has no " + what, cause);
  }
}
