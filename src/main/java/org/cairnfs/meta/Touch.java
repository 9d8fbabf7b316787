package org.cairnfs.meta;

import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;

/**
 * Somebody read an inode.
 *
 * @param before its access time until then; if that is another one by the time that this comes
 *     about, somebody set it, and it stays
 * @param accessed its access time from then on
 */
public record Touch(InodeNumber inode, Timestamp before, Timestamp accessed) {
  /** Both in one, if nothing else came between them; else the later one. */
  public Touch then(Touch later) {
    return later.before.equals(accessed) ? new Touch(inode, before, later.accessed) : later;
  }

  /** The inode as it is after this, if it may still come about. */
  public Inode on(Inode read) {
    return read.accessed().equals(before) ? read.withAccessed(accessed) : read;
  }
}
