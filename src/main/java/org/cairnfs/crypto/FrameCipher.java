package org.cairnfs.crypto;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import org.cairnfs.core.BlobFormat;

/**
 * Encrypts and decrypts frames as {@link BlockSealer} says, for one thread.
 *
 * <p>A native cipher works on direct buffers as they are, but copies an array to and fro, all of
 * it, however little of it is the frame. Java's is the faster one on arrays. What is not as the
 * cipher likes it goes through a buffer for one frame, which stays in the CPU's cache.
 */
final class FrameCipher {
  private static final int NONCE_BYTES = 12;
  private static final int NONCE_INDEX_OFFSET = 7;

  private final Primitives primitives;
  private final ByteBuffer plain;
  private final ByteBuffer sealed;
  private final Cipher open;
  private final byte[] nonce = new byte[NONCE_BYTES];
  private Cipher seal;

  FrameCipher(Primitives primitives) {
    this.primitives = primitives;
    plain = allocate(BlobFormat.FRAME_MAX_BYTES);
    sealed = allocate(BlobFormat.FRAME_MAX_BYTES + BlobFormat.TAG_BYTES);
    open = primitives.aesGcm();
    seal = primitives.aesGcm();
  }

  private ByteBuffer allocate(int bytes) {
    return primitives.isNative() ? ByteBuffer.allocateDirect(bytes) : ByteBuffer.allocate(bytes);
  }

  /**
   * A cipher refuses to encrypt twice in a row under one key and nonce. To be called before that is
   * done on purpose, with the same plaintext: a new cipher has nothing to compare with.
   */
  void forgetKey() {
    seal = primitives.aesGcm();
  }

  /**
   * Encrypts one frame of a blob that has that many.
   *
   * @param header the blob's
   * @param frame its plaintext, at most {@link BlobFormat#FRAME_MAX_BYTES}; consumed
   * @return the frame and its tag, to be used before the next call
   */
  ByteBuffer seal(SecretKey key, byte[] header, int index, int frames, ByteBuffer frame)
      throws GeneralSecurityException {
    seal.init(Cipher.ENCRYPT_MODE, key, nonce(index, frames));
    seal.updateAAD(header);
    int unused = seal.doFinal(asTheCipherLikes(frame, plain), sealed.clear());
    return sealed.flip();
  }

  /**
   * Decrypts one frame of a blob that has that many.
   *
   * @param header the blob's
   * @param frame the frame and its tag; consumed
   * @param out receives the plaintext; its position moves past it
   * @throws javax.crypto.AEADBadTagException if it is no frame of that blob at that place;
   *     {@code out} then holds nothing of use
   */
  void open(SecretKey key, byte[] header, int index, int frames, ByteBuffer frame, ByteBuffer out)
      throws GeneralSecurityException {
    open.init(Cipher.DECRYPT_MODE, key, nonce(index, frames));
    open.updateAAD(header);
    ByteBuffer in = asTheCipherLikes(frame, sealed);
    if (isAsTheCipherLikes(out)) {
      int unused = open.doFinal(in, out);
    } else {
      int unused = open.doFinal(in, plain.clear());
      out.put(plain.flip());
    }
  }

  private boolean isAsTheCipherLikes(ByteBuffer bytes) {
    return bytes.isDirect() == plain.isDirect();
  }

  private ByteBuffer asTheCipherLikes(ByteBuffer bytes, ByteBuffer between) {
    return isAsTheCipherLikes(bytes) ? bytes : between.clear().put(bytes).flip();
  }

  private GCMParameterSpec nonce(int index, int frames) {
    nonce[NONCE_INDEX_OFFSET] = (byte) (index >>> 24);
    nonce[NONCE_INDEX_OFFSET + 1] = (byte) (index >>> 16);
    nonce[NONCE_INDEX_OFFSET + 2] = (byte) (index >>> 8);
    nonce[NONCE_INDEX_OFFSET + 3] = (byte) index;
    nonce[NONCE_BYTES - 1] = (byte) (index == frames - 1 ? 1 : 0);
    return new GCMParameterSpec(Primitives.TAG_BITS, nonce);
  }
}
