package org.cairnfs.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/**
 * Keeps immutable blobs on the local disk. Knows nothing of keys, files or peers.
 *
 * <p>Thread-safe; every method may block on the disk. A full disk surfaces as
 * {@link DiskFullException}.
 */
public interface BlobStore extends Closeable {
  /**
   * Adds a blob unless it is there already. On disk only after a {@link #sync} that began later.
   *
   * @param blob all its bytes, from position to limit; the position is left at the limit
   * @return whether it was added; false means these bytes were kept before
   */
  boolean append(BlobId id, ByteBuffer blob) throws IOException;

  /**
   * The length of the blob as stored, or empty if it is not here. Served from memory or the index:
   * no blob data is read.
   */
  OptionalInt lengthBytes(BlobId id) throws IOException;

  /**
   * Reads part of a blob, unverified (the reader has the key and checks the frames' tags).
   *
   * @param offset first byte wanted, from the start of the blob
   * @param into filled from its position to its limit
   * @throws NoSuchBlobException if it is not here, or is known to be damaged
   * @throws IllegalArgumentException if the range leaves the blob
   */
  void read(BlobId id, int offset, ByteBuffer into) throws IOException;

  /**
   * Hashes the stored bytes and compares; a mismatch marks the blob damaged (no longer served) and
   * returns false.
   */
  boolean verify(BlobId id) throws IOException;

  /**
   * Forgets a blob; its space comes back when its segment is compacted. No error if it is not here.
   */
  void delete(BlobId id) throws IOException;

  /**
   * The next blobs in the order of their ids, after {@code after} or from the first; fewer than
   * {@code max} only at the end. Those not on stable storage yet may be missing.
   */
  List<BlobId> list(@Nullable BlobId after, int max) throws IOException;

  /**
   * Returns when everything appended before is on stable storage. Concurrent callers share one
   * fdatasync.
   */
  void sync() throws IOException;

  /**
   * Reclaims segments less than half live until none is left, or until so many bytes were copied
   * for that; returns bytes freed, which is 0 if there is nothing to reclaim. Runs beside reads and
   * writes.
   *
   * @param copiedMaxBytes no segment is begun after that
   */
  long compact(long copiedMaxBytes) throws IOException;

  StoreStats stats();

  @Override
  void close() throws IOException;
}
