package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.cairnfs.core.BlobId;

/** Blobs made of a number, for tests. */
final class Blobs {
  private Blobs() {}

  /** The bytes of a blob: the same for the same number and length, and unlike those of others. */
  static byte[] bytes(int number, int length) {
    byte[] bytes = new byte[length];
    new Random(number * 31L + length).nextBytes(bytes);
    return bytes;
  }

  static BlobId id(byte[] bytes) {
    return BlobId.of(SegmentOptions.DEFAULT.sha256().get().digest(bytes));
  }

  static BlobId add(BlobStore store, byte[] bytes) throws IOException {
    BlobId id = id(bytes);
    boolean unused = store.append(id, ByteBuffer.wrap(bytes));
    return id;
  }

  static byte[] read(BlobStore store, BlobId id) throws IOException {
    int length =
        store.lengthBytes(id).orElseThrow(() -> new IllegalStateException("no blob " + id));
    ByteBuffer into = ByteBuffer.allocate(length);
    store.read(id, 0, into);
    return into.array();
  }
}
