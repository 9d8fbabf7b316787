package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.jspecify.annotations.Nullable;

/**
 * Turns blocks of plaintext into sealed, stored blobs and back.
 *
 * <p>Thread-safe. Errors reach callers as {@link org.cairnfs.core.PosixException}: ENOSPC when the
 * disk is full, EIO when no intact copy can be had; futures complete exceptionally with the same.
 */
public interface BlockStore {
  /**
   * Seals and stores one block on the sealing threads. The reference returned is pinned: its blob
   * is not collected, whatever the metadata says, until {@link #unpin}. It is durable after a
   * {@link #sync} that began after the future completed.
   *
   * @param plain the block; the caller must not write to {@code [offset, offset + length)} before
   *     the future completes
   * @param length 1 to {@link org.cairnfs.core.Limits#BLOCK_SIZE_BYTES}
   */
  CompletableFuture<BlobRef> write(byte[] plain, int offset, int length);

  /** As {@link #write}, on the calling thread: cheaper for a few KiB. */
  BlobRef writeNow(byte[] plain, int offset, int length);

  /**
   * Ends one pin of a reference that {@code write} returned, once the metadata holds it (or never
   * will).
   */
  void unpin(BlobRef ref);

  /**
   * Reads verified plaintext. Blocks.
   *
   * @param offset first byte wanted, from the start of the block sealed in the blob
   * @param into filled from its position to its limit
   */
  void read(BlobRef ref, int offset, ByteBuffer into);

  /**
   * Starts decrypting the blob's frames of that range into the cache; returns at once and never
   * fails.
   */
  void prefetch(BlobRef ref, int offset, int length);

  /**
   * Returns when every block whose write completed before is on stable storage, but for those that
   * the disk failed to sync: nobody can know what it has of them, so they are no longer here. Their
   * pins stay. Written again they are stored anew.
   *
   * @param wanted the blobs that the caller wrote and wants to hear of
   * @return those of them that are lost
   */
  Set<BlobId> sync(Set<BlobId> wanted);

  /**
   * Deletes a blob unless it is pinned or {@code referenced} says that the metadata needs it. Both
   * are decided while no writer can pin the blob, so one that is written again at the same moment
   * is either seen here or stored anew.
   *
   * @return false if it stays
   */
  boolean collect(BlobId id, Predicate<BlobId> referenced);

  /**
   * The next blobs kept here in the order of their ids, after {@code after} or from the first;
   * fewer than {@code max} only at the end. Those not on stable storage yet may be missing.
   */
  List<BlobId> list(@Nullable BlobId after, int max);

  /**
   * Gives the space of collected blobs back to the disk; returns bytes freed. Runs beside
   * everything else.
   */
  long compact();

  /** Bytes free for new blobs on the disk underneath. */
  long usableBytes();

  /** Bytes the disk underneath has in all. */
  long totalBytes();

  BlockStats stats();
}
