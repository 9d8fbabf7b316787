package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;

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
   * Pins a block for one more reference to it, as if its bytes were written again.
   *
   * @return false, and nothing is pinned, if no intact copy that belongs here is on this node
   */
  boolean share(BlobRef ref);

  /**
   * Ends one pin of a reference that {@code write} returned or {@link #share} was given, once the
   * metadata holds it (or never will).
   */
  void unpin(BlobRef ref);

  /**
   * As {@link #unpin}, of a reference that the metadata never heard of and never will: its blob is
   * deleted unless somebody else needs it.
   */
  void discard(BlobRef ref);

  /**
   * As {@link #unpin}, of a reference of which nobody can say whether the metadata will have it:
   * its blob is kept for as long as that may take, and then deleted unless somebody needs it.
   */
  void abandon(BlobRef ref);

  /**
   * Reads verified plaintext. Blocks.
   *
   * @param offset first byte wanted, from the start of the block sealed in the blob
   * @param into filled from its position to its limit
   */
  void read(BlobRef ref, int offset, ByteBuffer into);

  /**
   * Starts fetching the blob if another node has it and this one does not; returns at once and
   * never fails. What is here the kernel reads ahead by itself: it asks for the next ranges of a
   * stream while a program looks at the last one, and several threads answer.
   */
  void prefetch(BlobRef ref);

  /**
   * Returns when every block whose write completed before is on stable storage, those wanted on as
   * many nodes as it takes to survive the loss of a minority, but for those that the disk failed to
   * sync: nobody can know what it has of them, so they are no longer here. Their pins stay. Written
   * again they are stored anew.
   *
   * @param wanted the blobs that the caller wrote and wants to hear of
   * @return those of them that are lost
   */
  Set<BlobId> sync(Set<BlobId> wanted);

  /**
   * Whether a block can be read without asking another node, as far as can be told without reading.
   */
  boolean isHere(BlobRef ref);

  /** Whether no other node keeps blobs: what is on stable storage here is as safe as can be. */
  boolean isAlone();

  /** A pinned blob as it is stored, whether it is on stable storage or not. */
  byte[] sealed(BlobRef ref);

  /** Stores a pinned blob again, of which the disk may have lost what {@link #sealed} returned. */
  void restore(BlobId id, byte[] sealed);

  /**
   * Done when the blobs, which the metadata refers to now, are still kept as {@link #sync} has them
   * kept: at once, unless minutes have passed since. To be asked before their pins end.
   */
  CompletableFuture<Void> stillKept(Set<BlobId> wanted);

  /** Bytes free for new blobs on the disk underneath. */
  long usableBytes();

  /** Bytes the disk underneath has in all. */
  long totalBytes();

  BlockStats stats();
}
