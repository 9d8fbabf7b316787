package org.cairnfs.meta;

import org.cairnfs.core.InodeNumber;

/**
 * Inodes with neighbouring numbers, and how much of the lease on each of them is meant.
 *
 * @param start the first
 * @param end the first that does not belong to it
 */
public record LeaseRange(long start, long end, LeaseMode mode) {
  public boolean contains(InodeNumber inode) {
    return contains(inode.value());
  }

  boolean contains(long inode) {
    return start <= inode && inode < end;
  }
}
