package org.cairnfs.meta;

import java.util.List;
import org.cairnfs.core.Extent;

/**
 * The side of an operation that no reader of the tree sees: how much is used, which blobs are
 * referenced, which extents wait to be freed. The replicated state keeps account of all of it;
 * speculation only of the sums it must show at once.
 */
interface Ledger {
  /** Inodes came (or went). */
  void addInodes(long delta);

  /** File bytes became covered by extents (or no longer are). */
  void addAllocatedBytes(long delta);

  /** A block's extents change from one list to the other. */
  void replace(List<Extent> before, List<Extent> after);

  /**
   * Extents that were made and found no file: their blobs are garbage unless something else refers
   * to them.
   */
  void abandon(List<Extent> extents);

  /** The inode is gone, and with it its extents and attributes; nobody reads them any more. */
  void releaseInode(InodeRecord inode);

  /** Nobody reads the extents of the map any more. */
  void releaseMap(long map);

  /**
   * Ends the operation: books what was said since the last call.
   *
   * @param second when, seconds since 1970
   */
  void settle(long second);
}
