package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.List;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;

/** Reads and writes the bytes of open files. Thread-safe. */
final class FileIo {
  /** Kept free on the disk, so that what was accepted can also be committed. */
  private static final long DISK_RESERVE_BYTES = 64L << 20;

  /**
   * How often a read looks its extents up again when the blob it found was replaced and collected
   * meanwhile.
   */
  private static final int READ_ATTEMPTS = 3;

  private final MetaSession session;
  private final BlockStore blobs;
  private final BlockReader reader;
  private final Committer committer;

  FileIo(MetaSession session, BlockStore blobs, BlockReader reader, Committer committer) {
    this.session = session;
    this.blobs = blobs;
    this.reader = reader;
    this.committer = committer;
  }

  /** Reads from {@code offset} up to the end of the file or of {@code into}. */
  void read(OpenFile open, long offset, ByteBuffer into) {
    ActiveFile file = open.forReading();
    long left = Math.min(into.remaining(), file.sizeBytes() - offset);
    long at = offset;
    while (left > 0) {
      int start = (int) (at % Limits.BLOCK_SIZE_BYTES);
      int length = (int) Math.min(left, Limits.BLOCK_SIZE_BYTES - start);
      readBlock(file, at / Limits.BLOCK_SIZE_BYTES, start, into.slice(into.position(), length));
      into.position(into.position() + length);
      at += length;
      left -= length;
    }
    open.locks().requireHeld();
    if (!blobs.isAlone()) {
      OpenFile.Window window = open.readAhead(offset, at);
      if (window != null) {
        readAhead(file, window);
      }
    }
  }

  /** Whether the first bytes of a file can be read without asking another node. */
  boolean isHere(ActiveFile file, int length) {
    return blobs.isAlone()
        || session.extents(file.number(), 0, 0, length).stream()
            .allMatch(extent -> blobs.isHere(extent.blob()));
  }

  /** Takes all of {@code from} into the write buffers. */
  void write(OpenFile open, long offset, boolean append, ByteBuffer from, Timestamp now) {
    ActiveFile file = open.forWriting();
    file.throwWriteError();
    if (offset > Limits.FILE_SIZE_MAX_BYTES - from.remaining()) {
      throw new PosixException(Errno.EFBIG, "beyond the largest file size");
    }
    requireSpace(from.remaining() + committer.dirtyBytes());
    committer.awaitRoom();
    committer.run(needs -> {
      needs.demand(file.number());
      open.locks().requireHeld();
      if (file.write(offset, append, from, now)) {
        committer.addPending(file);
      }
    });
  }

  /** A program that may have written the file closed it. */
  void finish(OpenFile open) {
    if (open.isWritable()) {
      ActiveFile file = open.file();
      // if others had their turn meanwhile, everything is committed: it stays in pieces
      boolean unused = committer.tryRun(needs -> {
        needs.demand(file.number());
        if (file.completeTail()) {
          committer.addPending(file);
        }
      });
    }
  }

  /** fallocate(2) without a hole: promises space. */
  void allocate(OpenFile open, long offset, long length, boolean keepSize, Timestamp now) {
    ActiveFile file = open.forWriting();
    if (length <= 0 || offset < 0) {
      throw new PosixException(Errno.EINVAL, "allocate a negative range");
    }
    if (offset > Limits.FILE_SIZE_MAX_BYTES - length) {
      throw new PosixException(Errno.EFBIG, "beyond the largest file size");
    }
    requireSpace(length);
    if (keepSize) {
      return;
    }
    committer.run(needs -> {
      needs.demand(file.number());
      if (file.sizeBytes() < offset + length) {
        Inode unused = file.setAttributes(
            new AttributeChange(null, null, null, offset + length, null, null, now));
      }
    });
  }

  /** FALLOC_FL_PUNCH_HOLE, in bounded steps. */
  void punchHole(OpenFile open, long offset, long length, Timestamp now) {
    ActiveFile file = open.forWriting();
    if (length <= 0 || offset < 0) {
      throw new PosixException(Errno.EINVAL, "punch a negative range");
    }
    // others may have made it longer than is known here
    long sizeBytes = committer.change(needs -> {
      needs.demand(file.number());
      return file.sizeBytes();
    });
    long end = Math.min(offset + length, sizeBytes);
    long stepBytes = (long) (MetaSession.MAX_PUNCH_BLOCKS - 1) * Limits.BLOCK_SIZE_BYTES;
    for (long at = offset; at < end; at += stepBytes) {
      long from = at;
      committer.run(needs -> {
        needs.demand(file.number());
        file.punchHole(from, Math.min(stepBytes, end - from), now);
      });
    }
  }

  private void readBlock(ActiveFile file, long block, int offset, ByteBuffer into) {
    if (file.readLayered(block, offset, into, reader)) {
      return;
    }
    int end = offset + into.remaining();
    List<Extent> extents = session.extents(file.number(), block, offset, end);
    for (int attempt = 1; ; attempt++) {
      try {
        reader.read(extents, offset, into.duplicate());
        break;
      } catch (PosixException e) {
        // a concurrent writer may have replaced the blob, and the collector deleted it: then the
        // extents differ now
        List<Extent> again = session.extents(file.number(), block, offset, end);
        if (attempt == READ_ATTEMPTS || again.equals(extents)) {
          throw e;
        }
        extents = again;
      }
    }
  }

  /** Has what other nodes have of that range fetched. */
  private void readAhead(ActiveFile file, OpenFile.Window window) {
    long end = Math.min(window.to(), file.sizeBytes());
    for (long at = window.from(); at < end; ) {
      long block = at / Limits.BLOCK_SIZE_BYTES;
      long blockStart = block * Limits.BLOCK_SIZE_BYTES;
      long blockEnd = Math.min(end, blockStart + Limits.BLOCK_SIZE_BYTES);
      int from = (int) (at - blockStart);
      int to = (int) (blockEnd - blockStart);
      for (Extent extent : session.extents(file.number(), block, from, to)) {
        blobs.prefetch(extent.blob());
      }
      at = blockEnd;
    }
  }

  private void requireSpace(long bytes) {
    session.requireRoom();
    if (blobs.usableBytes() < bytes + DISK_RESERVE_BYTES) {
      throw new PosixException(Errno.ENOSPC, "the disk under the store is full");
    }
  }
}
