package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.cairnfs.core.BlobId;

/** Tells blobs by their hash. */
final class Hashes {
  /** Whether those bytes, from position to limit, are that blob. The position stays. */
  static boolean isBlob(BlobId id, ByteBuffer bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes.duplicate());
      return BlobId.of(digest.digest()).equals(id);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }

  /** SHA-256 over a salt and a blob's bytes: who does not have the bytes cannot tell. */
  static ByteBuffer proof(long salt, byte[] blob) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(salt).flip());
      return ByteBuffer.wrap(digest.digest(blob));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }

  private Hashes() {}
}
