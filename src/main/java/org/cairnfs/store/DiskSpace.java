package org.cairnfs.store;

import java.io.IOException;
import org.cairnfs.core.DiskErrors;

/**
 * Keeps a reserve of the disk free. Asks the file system only now and then, since that is a system
 * call, and counts in between. Not thread-safe: guarded by the log's append lock.
 */
final class DiskSpace {
  /** After so many bytes written the file system is asked again: others write, too. */
  private static final long TRUSTED_BYTES = 16L << 20;

  /** The reserve is at most one such part of the disk. */
  private static final int RESERVE_DIVISOR = 100;

  private final SegmentFiles files;
  private final long reserveBytes;

  /** Bytes that may still be written before the file system is asked again. */
  private long trustedBytes;

  DiskSpace(SegmentFiles files, long reserveMaxBytes) throws IOException {
    this.files = files;
    this.reserveBytes = Math.min(reserveMaxBytes, files.totalBytes() / RESERVE_DIVISOR);
  }

  /** @throws DiskFullException if writing so much would take from the reserve */
  void require(long bytes) throws IOException {
    if (bytes > trustedBytes) {
      long spare = files.usableBytes() - reserveBytes;
      if (bytes > spare) {
        trustedBytes = 0;
        throw new DiskFullException(
            "the disk has no room for " + bytes + " bytes beyond a reserve of " + reserveBytes);
      }
      trustedBytes = Math.min(spare, TRUSTED_BYTES);
    }
    trustedBytes -= bytes;
  }

  /** What to throw for a failed write: a full disk is told from a broken one. */
  IOException explain(IOException failure, long bytes) {
    trustedBytes = 0;
    boolean full = DiskErrors.isFull(failure.getMessage());
    try {
      full |= files.usableBytes() < bytes;
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return full ? new DiskFullException("the disk is full", failure) : failure;
  }
}
