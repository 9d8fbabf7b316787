package org.cairnfs.fuse;

import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Vfs;

/**
 * Clears set-user-id and set-group-id bits where Linux does (write(2), chown(2)): when a file
 * changes by the hand of somebody who could misuse them.
 *
 * <p>The kernel decides and says so with a flag in the request ({@code HANDLE_KILLPRIV_V2} of
 * linux/fuse.h); libfuse 2 knows no such flags, so they are read from the request itself.
 */
final class PrivilegeBits {
  // Behind the 40 bytes of struct fuse_in_header.
  private static final int SETATTR_KILL = 1 << 11;
  private static final int WRITE_FLAGS = 60;
  private static final int WRITE_KILL = 1 << 2;
  private static final int OPEN_FLAGS = 44;
  private static final int OPEN_KILL = 1;

  private static final int GROUP_EXECUTE = 010;

  /** Whether the setattr request being served asks for it. */
  static boolean clearedBySetAttributes() {
    return (Worker.requestFirstInt() & SETATTR_KILL) != 0;
  }

  /** Whether the write request being served asks for it. */
  static boolean clearedByWrite() {
    return (Worker.requestInt(WRITE_FLAGS) & WRITE_KILL) != 0;
  }

  /** Whether the open request being served, which truncates, asks for it. */
  static boolean clearedByOpen() {
    return (Worker.requestInt(OPEN_FLAGS) & OPEN_KILL) != 0;
  }

  /**
   * The permission bits that are left; a set-group-id bit without group execution means something
   * else and stays.
   */
  static int cleared(int mode) {
    int left = mode & FileMode.PERMISSION_MASK & ~FileMode.SET_UID;
    return (mode & GROUP_EXECUTE) != 0 ? left & ~FileMode.SET_GID : left;
  }

  /** Clears the bits of an inode; answers whether it had any. */
  static boolean clear(Vfs vfs, InodeNumber number) {
    Inode inode = vfs.attributes(number);
    int left = cleared(inode.mode());
    if (left == (inode.mode() & FileMode.PERMISSION_MASK)) {
      return false;
    }
    vfs.setAttributes(number, new AttributeChange(left, null, null, null, null, null, vfs.now()));
    return true;
  }

  private PrivilegeBits() {}
}
