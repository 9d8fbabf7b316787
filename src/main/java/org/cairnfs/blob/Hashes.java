package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.Primitives;

/** Tells blobs by their hash. */
final class Hashes {
  /** Whether those bytes, from position to limit, are that blob. The position stays. */
  static boolean isBlob(BlobId id, ByteBuffer bytes) {
    MessageDigest digest = Primitives.fastest().sha256();
    digest.update(bytes.duplicate());
    return BlobId.of(digest.digest()).equals(id);
  }

  /** SHA-256 over a salt and a blob's bytes: who does not have the bytes cannot tell. */
  static ByteBuffer proof(long salt, byte[] blob) {
    MessageDigest digest = Primitives.fastest().sha256();
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(salt).flip());
    return ByteBuffer.wrap(digest.digest(blob));
  }

  private Hashes() {}
}
