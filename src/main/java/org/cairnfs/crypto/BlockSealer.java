package org.cairnfs.crypto;

import java.nio.ByteBuffer;
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
import javax.crypto.spec.SecretKeySpec;
import org.cairnfs.core.BlobFormat;
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
 * <p>Thread-safe; never blocks.
 */
public final class BlockSealer {
  private final ThreadLocal<Engine> engines;

  /** What {@link #seal} makes; all others are opened, too. */
  private final BlobFormat format;

  public BlockSealer(VolumeKeys keys) {
    this(keys, BlobFormat.LATEST);
  }

  /** Seals as an older build did, if that is not the latest format. */
  public BlockSealer(VolumeKeys keys, BlobFormat format) {
    this(keys, Primitives.fastest(), format);
  }

  BlockSealer(VolumeKeys keys, Primitives primitives, BlobFormat format) {
    this.format = format;
    SecretKey contentKey = new SecretKeySpec(keys.content(format), "HmacSHA256");
    SecretKey wrapKey = new SecretKeySpec(keys.blockKeyWrap(), "AES");
    engines = ThreadLocal.withInitial(() -> new Engine(primitives, contentKey, wrapKey));
  }

  /** Length of the blob that {@link #seal} makes of a block of that length. */
  public int blobLengthOf(int blockLengthBytes) {
    return format.blobLengthOf(blockLengthBytes);
  }

  /**
   * Seals the block {@code plain[offset, offset + length)}.
   *
   * @param blob receives the blob's {@link #blobLengthOf} bytes from {@code blobOffset} on; not the
   *     array {@code plain}
   * @return the blob's id and the block's wrapped key
   */
  public BlobRef seal(byte[] plain, int offset, int length, byte[] blob, int blobOffset) {
    Objects.checkFromIndexSize(offset, length, plain.length);
    int blobLengthBytes = blobLengthOf(length);
    Objects.checkFromIndexSize(blobOffset, blobLengthBytes, blob.length);
    Engine engine = engines.get();
    byte[] keyBytes = engine.blockKey(plain, offset, length);
    try {
      SecretKey key = new SecretKeySpec(keyBytes, "AES");
      ByteBuffer out = ByteBuffer.wrap(blob, blobOffset, blobLengthBytes);
      BlobId id = engine.encrypt(key, format, plain, offset, length, out);
      return new BlobRef(id, new Bytes(engine.wrap.wrap(key)), length, format);
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
   * @param key the blob's, as {@link #unwrap} gave it
   * @param frame its index, from 0
   * @param sealed the frame and its tag, and nothing else; consumed
   * @param out receives {@link BlobFormat#frameLength} bytes, and its position moves past them; not
   *     the memory of {@code sealed}
   * @throws IntegrityException if the frame is not what was sealed at this place; {@code out} then
   *     holds nothing of use, and its position may be anywhere
   */
  public void openFrame(BlockKey key, BlobRef ref, int frame, ByteBuffer sealed, ByteBuffer out)
      throws IntegrityException {
    int length = ref.format().frameLength(ref.plainLengthBytes(), frame);
    if (sealed.remaining() != length + BlobFormat.TAG_BYTES) {
      throw new IllegalArgumentException(
          "frame " + frame + " is not " + sealed.remaining() + " bytes long");
    }
    Objects.checkFromIndexSize(out.position(), length, out.limit());
    try {
      engines.get().decrypt(key.key(), ref, frame, sealed, out);
    } catch (AEADBadTagException e) {
      throw new IntegrityException("frame " + frame + " does not match its tag", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("opening frame " + frame + " failed", e);
    }
  }

  /** The cipher objects of one thread. */
  private static final class Engine {
    private final Mac hmac;
    private final MessageDigest sha256;
    private final FrameCipher frames;
    private final Cipher wrap = Primitives.aesKeyWrap();
    private final Cipher unwrap = Primitives.aesKeyWrap();
    private final byte[] header = new byte[BlobFormat.HEADER_BYTES];
    private final byte[] lastSealed = new byte[Primitives.SHA256_BYTES];

    Engine(Primitives primitives, SecretKey contentKey, SecretKey wrapKey) {
      hmac = primitives.hmacSha256();
      sha256 = primitives.sha256();
      frames = new FrameCipher(primitives);
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

    BlobId encrypt(
        SecretKey key, BlobFormat format, byte[] plain, int offset, int length, ByteBuffer blob)
        throws GeneralSecurityException {
      forgetKeyWhenSealingTheSameAgain(key);
      format.writeHeader(length, header);
      sha256.update(header);
      blob.put(header);
      int count = format.frameCount(length);
      int in = offset;
      for (int frame = 0; frame < count; frame++) {
        int frameLength = format.frameLength(length, frame);
        ByteBuffer sealed =
            frames.seal(key, header, frame, count, ByteBuffer.wrap(plain, in, frameLength));
        // Hashed at once, while the frame is still in the CPU's cache.
        sha256.update(sealed);
        blob.put(sealed.rewind());
        in += frameLength;
      }
      return BlobId.of(sha256.digest());
    }

    void decrypt(SecretKey key, BlobRef ref, int frame, ByteBuffer sealed, ByteBuffer out)
        throws GeneralSecurityException {
      int length = ref.plainLengthBytes();
      ref.format().writeHeader(length, header);
      frames.open(key, header, frame, ref.format().frameCount(length), sealed, out);
    }

    /** It is the same plaintext too, as the key follows from it. */
    private void forgetKeyWhenSealingTheSameAgain(SecretKey key) {
      byte[] fingerprint = sha256.digest(key.getEncoded());
      if (Arrays.equals(fingerprint, lastSealed)) {
        frames.forgetKey();
      }
      System.arraycopy(fingerprint, 0, lastSealed, 0, lastSealed.length);
    }
  }
}
