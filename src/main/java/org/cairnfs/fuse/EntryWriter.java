package org.cairnfs.fuse;

import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.Inode;

/**
 * Fills a {@code struct fuse_entry_param} (fuse_lowlevel.h): what a name leads to, and for how long
 * that may be believed.
 */
final class EntryWriter {
  private static final long INODE = 0;
  private static final long GENERATION = 8;
  private static final long STAT = 16;
  private static final long ATTRIBUTE_TIMEOUT = STAT + StatWriter.SIZE_BYTES;
  private static final long ENTRY_TIMEOUT = ATTRIBUTE_TIMEOUT + Double.BYTES;

  static final int SIZE_BYTES = (int) ENTRY_TIMEOUT + Double.BYTES;

  static void write(long address, Inode inode, double timeoutSeconds) {
    NativeMemory.putLong(address + INODE, inode.number().value());
    NativeMemory.putLong(address + GENERATION, generation(inode));
    StatWriter.write(address + STAT, inode);
    NativeMemory.putDouble(address + ATTRIBUTE_TIMEOUT, timeoutSeconds);
    NativeMemory.putDouble(address + ENTRY_TIMEOUT, timeoutSeconds);
  }

  /**
   * Inode numbers are never reused, so one generation does for all; the kernel insists on 0 for the
   * root.
   */
  static long generation(Inode inode) {
    return inode.number().equals(InodeNumber.ROOT) ? 0 : 1;
  }

  /** There is no such name, which the kernel may remember. */
  static void writeAbsent(long address, double timeoutSeconds) {
    NativeMemory.clear(address, SIZE_BYTES);
    NativeMemory.putDouble(address + ENTRY_TIMEOUT, timeoutSeconds);
  }

  private EntryWriter() {}
}
