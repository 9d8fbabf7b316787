package org.cairnfs.crypto;

import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.cairnfs.core.Bytes;

/** BoringSSL's, as fast at the first name as ever. */
final class NativeSivCipher implements SivCipher {
  private final Cipher cipher;
  private final SecretKeySpec key;
  private final GCMParameterSpec nonce;

  NativeSivCipher(Cipher cipher, byte[] key, byte[] nonce) {
    this.cipher = cipher;
    this.key = new SecretKeySpec(key, "AES");
    this.nonce = new GCMParameterSpec(Primitives.TAG_BITS, nonce);
  }

  @Override
  public Bytes seal(byte[] associated, Bytes plain) {
    try {
      return run(Cipher.ENCRYPT_MODE, associated, plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a string cannot be sealed", e);
    }
  }

  @Override
  public Bytes open(byte[] associated, Bytes sealed) throws IntegrityException {
    SivCipher.requireTag(sealed);
    try {
      return run(Cipher.DECRYPT_MODE, associated, sealed);
    } catch (AEADBadTagException e) {
      throw new IntegrityException("a sealed string does not match its tag", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a string cannot be opened", e);
    }
  }

  /** Begins anew with each: after a wrong tag the cipher would keep what was given to it. */
  private Bytes run(int mode, byte[] associated, Bytes input) throws GeneralSecurityException {
    cipher.init(mode, key, nonce);
    cipher.updateAAD(associated);
    return new Bytes(cipher.doFinal(input.array()));
  }
}
