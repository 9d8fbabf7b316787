package org.cairnfs.meta;

import org.cairnfs.core.Errno;
import org.jspecify.annotations.Nullable;

/** What an operation came to. A failed one changed nothing. */
sealed interface MetaResult {
  /**
   * It took place.
   *
   * @param inode the inode it was about, as it is now, where the caller wants it
   */
  record Done(@Nullable InodeRecord inode) implements MetaResult {}

  /** It did not. */
  record Failed(Errno errno) implements MetaResult {}

  /** The numbers {@code first} up to {@code first + count} are the caller's. */
  record Range(long first, int count) implements MetaResult {}

  MetaResult DONE = new Done(null);

  static MetaResult failed(Errno errno) {
    return new Failed(errno);
  }
}
