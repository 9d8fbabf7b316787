package org.cairnfs.crypto;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;

/**
 * Seals blocks into blobs and opens their frames; {@link BlobFormat} has the layout.
 *
 * <p>Sealing is convergent: the key of block P is {@code HMAC-SHA256(content key, P)}, so the same
 * block of a volume always makes the same blob, and a nonce may depend on the frame's place alone:
 * a key never meets two plaintexts. Each frame is AES-256-GCM with the header as associated data
 * and the nonce {@code 7 zero bytes, u32 frame index, u8 last-frame flag}, as in the STREAM
 * construction (Hoang, Reyhanitabar, Rogaway, Vizar: "Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance", 2015), so frames can be neither swapped nor dropped.
 *
 * <p>Thread-safe; never blocks. Works on heap arrays, which the JDK's AES-GCM handles faster than
 * direct buffers, and native ones as fast.
 */
public final class BlockSealer {
  private static final int NONCE_BYTES = 12;
  private static final int NONCE_INDEX_OFFSET = 7;

  private final ThreadLocal<Engine> engines;

  public BlockSealer(VolumeKeys keys) {
    this(keys, Primitives.fastest());
  }

  BlockSealer(VolumeKeys keys, Primitives primitives) {
    SecretKey contentKey = new SecretKeySpec(keys.content(), "HmacSHA256");
    SecretKey wrapKey = new SecretKeySpec(keys.blockKeyWrap(), "AES");
    engines = ThreadLocal.withInitial(() -> new Engine(primitives, contentKey, wrapKey));
  }

  /**
   * Seals the block {@code plain[offset, offset + length)}.
   *
   * @param blob receives the blob's {@link BlobFormat#blobLengthOf} bytes from {@code blobOffset}
   *     on; not the array {@code plain}
   * @return the blob's id and the block's wrapped key
   */
  public BlobRef seal(byte[] plain, int offset, int length, byte[] blob, int blobOffset) {
    Objects.checkFromIndexSize(offset, length, plain.length);
    int blobLengthBytes = BlobFormat.blobLengthOf(length);
    Objects.checkFromIndexSize(blobOffset, blobLengthBytes, blob.length);
    Engine engine = engines.get();
    byte[] keyBytes = engine.blockKey(plain, offset, length);
    try {
      SecretKey key = new SecretKeySpec(keyBytes, "AES");
      BlobId id = engine.encrypt(key, plain, offset, length, blob, blobOffset);
      return new BlobRef(id, new Bytes(engine.wrap.wrap(key)), length);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("sealing a block of " + length + " bytes failed", e);
    } finally {
      Arrays.fill(keyBytes, (byte) 0);
    }
  }

  /**
   * Unwraps the key that opens the blob; costs a few microseconds, so keep it for the next frame.
   *
   * @throws IntegrityException if the wrapped key is damaged or of another volume
   */
  public BlockKey unwrap(BlobRef ref) throws IntegrityException {
    try {
      Key key = engines.get().unwrap.unwrap(ref.wrappedKey().array(), "AES", Cipher.SECRET_KEY);
      byte[] encoded = key.getEncoded();
      boolean rightLength = encoded.length == Primitives.KEY_BYTES;
      Arrays.fill(encoded, (byte) 0);
      if (!rightLength) {
        throw new IntegrityException("the key of blob " + ref.id() + " has a wrong length");
      }
      return new BlockKey((SecretKey) key);
    } catch (InvalidKeyException e) {
      throw new IntegrityException("the key of blob " + ref.id() + " cannot be unwrapped", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("unwrapping a block key failed", e);
    }
  }

  /**
   * Opens one frame.
   *
   * @param blockLengthBytes length of the whole block, as {@link BlobRef#plainLengthBytes}
   * @param frame its index, from 0
   * @param sealed holds the frame and its tag from {@code sealedOffset} on
   * @param out receives {@link BlobFormat#frameLength} bytes from {@code outOffset} on; not the
   *     array {@code sealed}
   * @throws IntegrityException if the frame is not what was sealed at this place; {@code out} then
   *     holds nothing of use
   */
  public void openFrame(
      BlockKey key,
      int blockLengthBytes,
      int frame,
      byte[] sealed,
      int sealedOffset,
      byte[] out,
      int outOffset)
      throws IntegrityException {
    int length = BlobFormat.frameLength(blockLengthBytes, frame);
    Objects.checkFromIndexSize(sealedOffset, length + BlobFormat.TAG_BYTES, sealed.length);
    Objects.checkFromIndexSize(outOffset, length, out.length);
    try {
      engines
          .get()
          .decrypt(key.key(), blockLengthBytes, frame, sealed, sealedOffset, out, outOffset);
    } catch (AEADBadTagException e) {
      throw new IntegrityException("frame " + frame + " does not match its tag", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("opening frame " + frame + " failed", e);
    }
  }

  /** The cipher objects of one thread. */
  private static final class Engine {
    private final Primitives primitives;
    private final Mac hmac;
    private final MessageDigest sha256;
    private final Cipher open;
    private final Cipher wrap = Primitives.aesKeyWrap();
    private final Cipher unwrap = Primitives.aesKeyWrap();
    private final byte[] header = new byte[BlobFormat.HEADER_BYTES];
    private final byte[] nonce = new byte[NONCE_BYTES];
    private final byte[] lastSealed = new byte[Primitives.SHA256_BYTES];
    private Cipher seal;

    /** A native cipher copies the whole array it is to write to, so that is no larger than that. */
    private final byte[] sealed = new byte[BlobFormat.SEALED_FRAME_BYTES];

    Engine(Primitives primitives, SecretKey contentKey, SecretKey wrapKey) {
      this.primitives = primitives;
      hmac = primitives.hmacSha256();
      sha256 = primitives.sha256();
      open = primitives.aesGcm();
      seal = primitives.aesGcm();
      try {
        hmac.init(contentKey);
        wrap.init(Cipher.WRAP_MODE, wrapKey);
        unwrap.init(Cipher.UNWRAP_MODE, wrapKey);
      } catch (InvalidKeyException e) {
        throw new IllegalStateException("a 32-byte key was refused", e);
      }
    }

    byte[] blockKey(byte[] plain, int offset, int length) {
      hmac.update(plain, offset, length);
      return hmac.doFinal();
    }

    BlobId encrypt(SecretKey key, byte[] plain, int offset, int length, byte[] blob, int blobOffset)
        throws GeneralSecurityException {
      renewWhenSealingTheSameAgain(key);
      BlobFormat.writeHeader(length, blob, blobOffset);
      sha256.update(blob, blobOffset, BlobFormat.HEADER_BYTES);
      int frames = BlobFormat.frameCount(length);
      int in = offset;
      int out = blobOffset + BlobFormat.HEADER_BYTES;
      for (int frame = 0; frame < frames; frame++) {
        int frameLength = BlobFormat.frameLength(length, frame);
        seal.init(Cipher.ENCRYPT_MODE, key, nonce(frame, frames));
        seal.updateAAD(blob, blobOffset, BlobFormat.HEADER_BYTES);
        int sealedLength = seal.doFinal(plain, in, frameLength, sealed, 0);
        // Hashed at once, while the frame is still in the CPU's cache.
        sha256.update(sealed, 0, sealedLength);
        System.arraycopy(sealed, 0, blob, out, sealedLength);
        in += frameLength;
        out += sealedLength;
      }
      return BlobId.of(sha256.digest());
    }

    void decrypt(
        SecretKey key,
        int blockLengthBytes,
        int frame,
        byte[] sealed,
        int sealedOffset,
        byte[] out,
        int outOffset)
        throws GeneralSecurityException {
      BlobFormat.writeHeader(blockLengthBytes, header, 0);
      int length = BlobFormat.frameLength(blockLengthBytes, frame);
      open.init(Cipher.DECRYPT_MODE, key, nonce(frame, BlobFormat.frameCount(blockLengthBytes)));
      open.updateAAD(header);
      open.doFinal(sealed, sealedOffset, length + BlobFormat.TAG_BYTES, out, outOffset);
    }

    /**
     * A cipher refuses to encrypt twice in a row under one key and nonce. It cannot know that here
     * the plaintext is the same too; a new cipher object has nothing to compare with.
     */
    private void renewWhenSealingTheSameAgain(SecretKey key) {
      byte[] fingerprint = sha256.digest(key.getEncoded());
      if (Arrays.equals(fingerprint, lastSealed)) {
        seal = primitives.aesGcm();
      }
      System.arraycopy(fingerprint, 0, lastSealed, 0, lastSealed.length);
    }

    private GCMParameterSpec nonce(int frame, int frames) {
      nonce[NONCE_INDEX_OFFSET] = (byte) (frame >>> 24);
      nonce[NONCE_INDEX_OFFSET + 1] = (byte) (frame >>> 16);
      nonce[NONCE_INDEX_OFFSET + 2] = (byte) (frame >>> 8);
      nonce[NONCE_INDEX_OFFSET + 3] = (byte) frame;
      nonce[NONCE_BYTES - 1] = (byte) (frame == frames - 1 ? 1 : 0);
      return new GCMParameterSpec(Primitives.TAG_BITS, nonce);
    }
  }
}
