package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.MetaSession;

/**
 * Copies a file to the end of another without moving bytes: both refer to the same blobs, as two
 * files do into which the same was written.
 *
 * <p>Only whole blocks, and what the source ends with, so that copying makes no file consist of
 * more pieces than it has. Thread-safe.
 */
final class RangeCopy {
  /** Most blocks that one call copies; each is pinned until the next cut is committed. */
  private static final int BLOCKS_MAX = 256;

  /** A copy of more than this is committed at once, so that what is pinned stays within bounds. */
  private static final int BLOCKS_UNCOMMITTED = 64;

  private final MetaSession session;
  private final BlockStore blobs;
  private final Committer committer;
  private final LeasedReads reads;

  RangeCopy(MetaSession session, BlockStore blobs, Committer committer, LeasedReads reads) {
    this.session = session;
    this.blobs = blobs;
    this.committer = committer;
    this.reads = reads;
  }

  /** As {@link Vfs#copyRange}. */
  long copy(
      OpenFile from, long fromOffset, OpenFile to, long toOffset, long length, Timestamp now) {
    ActiveFile source = from.forReading();
    ActiveFile target = to.forWriting();
    target.throwWriteError();
    Plan plan = reads.read(
        needs -> {
          needs.read(source.number());
          return plan(source, fromOffset, toOffset, length);
        },
        Plan::unpin);
    try {
      from.locks().requireHeld();
      if (plan.bytes > 0) {
        committer.run(needs -> {
          needs.demand(target.number());
          to.locks().requireHeld();
          if (target.append(plan.blocks, toOffset, toOffset + plan.bytes, now)) {
            committer.addPending(target);
          }
        });
      }
    } catch (RuntimeException e) {
      plan.unpin();
      throw e;
    }
    if (plan.blocks.size() > BLOCKS_UNCOMMITTED) {
      Commits.await(committer.requestCut());
    }
    return plan.bytes;
  }

  /** What the target will consist of, by its blocks; pinned, once for each. */
  private final class Plan {
    final long bytes;
    final SortedMap<Long, List<Extent>> blocks;
    private final List<BlobRef> pinned;

    Plan(long bytes, SortedMap<Long, List<Extent>> blocks) {
      this.bytes = bytes;
      this.blocks = blocks;
      this.pinned = pin(blocks);
    }

    void unpin() {
      pinned.forEach(blobs::unpin);
    }
  }

  /** The source as it is now, for everybody. */
  private Plan plan(ActiveFile source, long fromOffset, long toOffset, long length) {
    long sourceBytes = source.sizeBytes();
    if (fromOffset >= sourceBytes || length == 0) {
      return new Plan(0, new TreeMap<>());
    }
    long copied = copiedBytes(fromOffset, toOffset, length, sourceBytes);
    if (toOffset > Limits.FILE_SIZE_MAX_BYTES - copied) {
      throw new PosixException(Errno.EFBIG, "beyond the largest file size");
    }
    requireInMetadata(source, fromOffset, copied);
    return new Plan(copied, extents(source, fromOffset, toOffset, copied));
  }

  /** How much of what is wanted is copied: whole blocks, or all up to the end of the source. */
  private static long copiedBytes(long fromOffset, long toOffset, long length, long sourceBytes) {
    if (fromOffset < 0
        || toOffset < 0
        || fromOffset % Limits.BLOCK_SIZE_BYTES != 0
        || toOffset % Limits.BLOCK_SIZE_BYTES != 0) {
      throw refusal("not at the start of a block");
    }
    long most = (long) BLOCKS_MAX * Limits.BLOCK_SIZE_BYTES;
    long bytes = Math.min(Math.min(length, most), sourceBytes - fromOffset);
    if (fromOffset + bytes < sourceBytes) {
      bytes -= bytes % Limits.BLOCK_SIZE_BYTES;
    }
    if (bytes == 0) {
      throw refusal("part of a block");
    }
    return bytes;
  }

  /** Small files that were just written are written again sooner than they are committed. */
  private void requireInMetadata(ActiveFile source, long offset, long length) {
    long end = offset + length;
    if (length >= Limits.BLOCK_SIZE_BYTES && source.isLayered(offset, end)) {
      Commits.await(committer.requestCut());
    }
    if (source.isLayered(offset, end)) {
      throw refusal("just written");
    }
  }

  private SortedMap<Long, List<Extent>> extents(
      ActiveFile source, long fromOffset, long toOffset, long length) {
    SortedMap<Long, List<Extent>> blocks = new TreeMap<>();
    long first = fromOffset / Limits.BLOCK_SIZE_BYTES;
    for (long done = 0; done < length; done += Limits.BLOCK_SIZE_BYTES) {
      int end = (int) Math.min(Limits.BLOCK_SIZE_BYTES, length - done);
      long index = done / Limits.BLOCK_SIZE_BYTES;
      List<Extent> extents = Extents.without(
          session.extents(source.number(), first + index, 0, end), end, Limits.BLOCK_SIZE_BYTES);
      if (!extents.isEmpty()) {
        blocks.put(toOffset / Limits.BLOCK_SIZE_BYTES + index, extents);
      }
    }
    return blocks;
  }

  /** Pins what the layer of each block refers to, once for each, or nothing. */
  private List<BlobRef> pin(SortedMap<Long, List<Extent>> blocks) {
    List<BlobRef> pinned = new ArrayList<>();
    try {
      for (List<Extent> extents : blocks.values()) {
        for (BlobRef ref : extents.stream().map(Extent::blob).distinct().toList()) {
          if (!blobs.share(ref)) {
            throw refusal("not all of it is on this node");
          }
          pinned.add(ref);
        }
      }
    } catch (RuntimeException e) {
      pinned.forEach(blobs::unpin);
      throw e;
    }
    return pinned;
  }

  private static PosixException refusal(String why) {
    return new PosixException(Errno.EOPNOTSUPP, why + ": to be read and written instead");
  }
}
