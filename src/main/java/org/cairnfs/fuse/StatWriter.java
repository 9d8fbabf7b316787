package org.cairnfs.fuse;

import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Inode;
import ru.serce.jnrfuse.struct.FileStat;

/**
 * Fills a {@code struct stat} (stat(3type)) from an inode: the only place that does.
 *
 * <p>jnr-fuse's {@link FileStat} supplies the layout of this machine; the fields are written by
 * offset because going through its field objects boxes every number.
 */
final class StatWriter {
  /**
   * Preferred size of one I/O: what one FUSE request carries, since every write(2) of less is a
   * request of its own.
   */
  static final int BLOCK_SIZE_BYTES = 128 << 10;

  /** The unit of {@code st_blocks}, whatever {@code st_blksize} says. */
  static final int BLOCK_UNIT_BYTES = 512;

  private static final FileStat LAYOUT = new FileStat(Runtime.getSystemRuntime());

  static final int SIZE_BYTES = Struct.size(LAYOUT);

  private static final long INODE = LAYOUT.st_ino.offset();
  private static final long LINKS = LAYOUT.st_nlink.offset();
  private static final long MODE = LAYOUT.st_mode.offset();
  private static final long UID = LAYOUT.st_uid.offset();
  private static final long GID = LAYOUT.st_gid.offset();
  private static final long DEVICE = LAYOUT.st_rdev.offset();
  private static final long SIZE = LAYOUT.st_size.offset();
  private static final long BLOCK_SIZE = LAYOUT.st_blksize.offset();
  private static final long BLOCKS = LAYOUT.st_blocks.offset();
  private static final long ACCESSED = LAYOUT.st_atim.tv_sec.offset();
  private static final long ACCESSED_NANOS = LAYOUT.st_atim.tv_nsec.offset();
  private static final long MODIFIED = LAYOUT.st_mtim.tv_sec.offset();
  private static final long MODIFIED_NANOS = LAYOUT.st_mtim.tv_nsec.offset();
  private static final long CHANGED = LAYOUT.st_ctim.tv_sec.offset();
  private static final long CHANGED_NANOS = LAYOUT.st_ctim.tv_nsec.offset();

  /** Writes all fields but the device and the padding, which nobody reads. */
  static void write(long address, Inode inode) {
    NativeMemory.putLong(address + INODE, inode.number().value());
    // st_nlink and st_blksize have 64 bits on x86-64 and 32 on arm64. There, the upper half written
    // here is overwritten by the neighbours that follow, or falls into padding: the order matters.
    NativeMemory.putLong(address + LINKS, inode.links());
    NativeMemory.putInt(address + MODE, inode.mode());
    NativeMemory.putInt(address + UID, inode.uid());
    NativeMemory.putInt(address + GID, inode.gid());
    NativeMemory.putLong(address + DEVICE, Integer.toUnsignedLong(inode.device()));
    NativeMemory.putLong(address + SIZE, inode.sizeBytes());
    NativeMemory.putLong(address + BLOCK_SIZE, BLOCK_SIZE_BYTES);
    NativeMemory.putLong(address + BLOCKS, blocks(inode.allocatedBytes()));
    putTime(address + ACCESSED, address + ACCESSED_NANOS, inode.accessed());
    putTime(address + MODIFIED, address + MODIFIED_NANOS, inode.modified());
    putTime(address + CHANGED, address + CHANGED_NANOS, inode.changed());
  }

  static int mode(long address) {
    return NativeMemory.getInt(address + MODE) & FileMode.PERMISSION_MASK;
  }

  static int uid(long address) {
    return NativeMemory.getInt(address + UID);
  }

  static int gid(long address) {
    return NativeMemory.getInt(address + GID);
  }

  static long size(long address) {
    return NativeMemory.getLong(address + SIZE);
  }

  static Timestamp accessed(long address) {
    return time(address + ACCESSED, address + ACCESSED_NANOS);
  }

  static Timestamp modified(long address) {
    return time(address + MODIFIED, address + MODIFIED_NANOS);
  }

  static long blocks(long allocatedBytes) {
    return (allocatedBytes + BLOCK_UNIT_BYTES - 1) / BLOCK_UNIT_BYTES;
  }

  private static void putTime(long secondsAddress, long nanosAddress, Timestamp time) {
    NativeMemory.putLong(secondsAddress, time.seconds());
    NativeMemory.putLong(nanosAddress, time.nanos());
  }

  private static Timestamp time(long secondsAddress, long nanosAddress) {
    return new Timestamp(
        NativeMemory.getLong(secondsAddress), (int) NativeMemory.getLong(nanosAddress));
  }

  private StatWriter() {}
}
