package org.cairnfs.crypto;

import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.modes.GCMSIVBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.cairnfs.core.Bytes;

/**
 * Bouncy Castle's, for machines without a native one: a name takes it five times as long until it
 * is compiled.
 *
 * <p>With a fixed nonce the keys that RFC 8452 derives per nonce stay the same, so both ciphers are
 * set up once; the associated data is then given with each message instead of at initialisation.
 */
final class JavaSivCipher implements SivCipher {
  private final GCMSIVBlockCipher sealing = new GCMSIVBlockCipher();
  private final GCMSIVBlockCipher opening = new GCMSIVBlockCipher();

  JavaSivCipher(byte[] key, byte[] nonce) {
    AEADParameters parameters =
        new AEADParameters(new KeyParameter(key), TAG_BYTES * Byte.SIZE, nonce);
    sealing.init(true, parameters);
    opening.init(false, parameters);
  }

  @Override
  public Bytes seal(byte[] associated, Bytes plain) {
    byte[] sealed = new byte[plain.length() + TAG_BYTES];
    sealing.processAADBytes(associated, 0, associated.length);
    sealing.processBytes(plain.array(), 0, plain.length(), sealed, 0);
    try {
      sealing.doFinal(sealed, 0);
    } catch (InvalidCipherTextException e) {
      throw new IllegalStateException("encryption does not check tags", e);
    }
    return new Bytes(sealed);
  }

  @Override
  public Bytes open(byte[] associated, Bytes sealed) throws IntegrityException {
    SivCipher.requireTag(sealed);
    byte[] plain = new byte[sealed.length() - TAG_BYTES];
    opening.processAADBytes(associated, 0, associated.length);
    opening.processBytes(sealed.array(), 0, sealed.length(), plain, 0);
    try {
      opening.doFinal(plain, 0);
    } catch (InvalidCipherTextException e) {
      opening.reset();
      throw new IntegrityException("a sealed string does not match its tag", e);
    }
    return new Bytes(plain);
  }
}
