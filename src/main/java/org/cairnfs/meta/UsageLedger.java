package org.cairnfs.meta;

import java.util.List;
import org.cairnfs.core.Extent;

/**
 * The ledger of speculation: sums of inodes and bytes only. Blobs and released extents are booked
 * when the operation is applied for good; until then nothing that a session reads depends on them.
 */
final class UsageLedger implements Ledger {
  private long inodes;
  private long allocatedBytes;

  @Override
  public void addInodes(long delta) {
    inodes += delta;
  }

  @Override
  public void addAllocatedBytes(long delta) {
    allocatedBytes += delta;
  }

  @Override
  public void replace(List<Extent> before, List<Extent> after) {}

  @Override
  public void abandon(List<Extent> extents) {}

  @Override
  public void releaseInode(InodeRecord inode) {
    addInodes(-1);
    addAllocatedBytes(-inode.allocatedBytes);
  }

  @Override
  public void releaseMap(long map) {}

  @Override
  public void settle(long second) {}

  /** Bytes since the last {@link #clear}. */
  long allocatedBytes() {
    return allocatedBytes;
  }

  /** Inodes since the last {@link #clear}. */
  long inodes() {
    return inodes;
  }

  /** Begins another operation. */
  void clear() {
    inodes = 0;
    allocatedBytes = 0;
  }
}
