package org.cairnfs.fuse;

import org.cairnfs.core.InodeNumber;

/** What the kernel remembers of files, for operations that make it wrong. Thread-safe. */
interface KernelPages {
  /** To the end of a file, wherever that is. */
  long END = Long.MAX_VALUE;

  /**
   * The kernel must forget the attributes, not the pages, that this mount has of an inode. Waits
   * for nothing, so that it may be called while a request for the inode is being served.
   */
  void attributesChanged(InodeNumber inode);

  /** The bytes of {@code [from, to)} are others now; this mount's own pages are right. */
  void contentsChanged(InodeNumber inode, long from, long to);

  /**
   * Gives the kernel the first bytes of a file that is about to be open, if it wants them. Only for
   * what nobody else has open: the kernel lets this wait while a page is being read or written.
   *
   * @param vector address of a {@code struct fuse_bufvec} (fuse_common.h)
   */
  void put(InodeNumber inode, long vector);

  /** Waits, within bounds, until no mount has pages that were changed through another. */
  void awaitForgotten();
}
