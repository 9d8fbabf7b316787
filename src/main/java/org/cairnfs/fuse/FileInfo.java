package org.cairnfs.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Runtime;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/**
 * Reads and fills a {@code struct fuse_file_info} (fuse_common.h) at an address libfuse gave.
 *
 * <p>jnr-fuse's {@link FuseFileInfo} supplies the offsets of the plain fields. Its bit fields are
 * bytes in the wrong place, so those are handled here: one int of bits after the int
 * {@code writepage}.
 */
final class FileInfo {
  private static final FuseFileInfo LAYOUT =
      FuseFileInfo.of(Memory.allocateDirect(Runtime.getSystemRuntime(), 64, true));
  private static final long FLAGS = LAYOUT.flags.offset();
  private static final long HANDLE = LAYOUT.fh.offset();
  private static final long LOCK_OWNER = LAYOUT.lock_owner.offset();
  private static final long WRITE_PAGE = 16;
  private static final long BITS = 20;

  private static final int KEEP_CACHE_BIT = 1 << 1;
  private static final int FLOCK_RELEASE_BIT = 1 << 4;

  private static final int O_ACCMODE = 3;
  private static final int O_WRONLY = 1;
  private static final int O_RDONLY = 0;
  private static final int O_EXCL = 0200;
  private static final int O_TRUNC = 01000;
  private static final int O_APPEND = 02000;

  static long handle(long fileInfo) {
    return NativeMemory.getLong(fileInfo + HANDLE);
  }

  static long lockOwner(long fileInfo) {
    return NativeMemory.getLong(fileInfo + LOCK_OWNER);
  }

  /** The flags of open(2). */
  static int flags(long fileInfo) {
    return NativeMemory.getInt(fileInfo + FLAGS);
  }

  static boolean forReading(long fileInfo) {
    return (flags(fileInfo) & O_ACCMODE) != O_WRONLY;
  }

  static boolean forWriting(long fileInfo) {
    return (flags(fileInfo) & O_ACCMODE) != O_RDONLY;
  }

  static boolean exclusive(long fileInfo) {
    return (flags(fileInfo) & O_EXCL) != 0;
  }

  static boolean truncating(long fileInfo) {
    return (flags(fileInfo) & O_TRUNC) != 0;
  }

  /**
   * Whether a write goes to the end of the file; never so for a mapped page, which has its place.
   */
  static boolean appending(long fileInfo) {
    return (flags(fileInfo) & O_APPEND) != 0 && NativeMemory.getInt(fileInfo + WRITE_PAGE) == 0;
  }

  static boolean flockRelease(long fileInfo) {
    return (NativeMemory.getInt(fileInfo + BITS) & FLOCK_RELEASE_BIT) != 0;
  }

  /** The answer to open, create and opendir. */
  static void setOpened(long fileInfo, long handle, boolean keepCache) {
    NativeMemory.putLong(fileInfo + HANDLE, handle);
    int bits = NativeMemory.getInt(fileInfo + BITS);
    NativeMemory.putInt(
        fileInfo + BITS, keepCache ? bits | KEEP_CACHE_BIT : bits & ~KEEP_CACHE_BIT);
  }

  private FileInfo() {}
}
