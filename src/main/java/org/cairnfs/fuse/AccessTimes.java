package org.cairnfs.fuse;

import org.cairnfs.core.InodeNumber;
import org.cairnfs.vfs.Vfs;

/**
 * Tells the vfs what programs read, for access times: the first read of what was opened, unless the
 * mount (mount(8): ro, noatime) or the program (open(2): O_NOATIME) does not want it. Thread-safe.
 */
final class AccessTimes {
  /** The open file's flags in struct fuse_read_in, behind the 40 bytes of the request's header. */
  private static final int READ_FLAGS = 72;

  private static final int O_NOATIME = 01000000;

  private final Vfs vfs;
  private final OpenHandles handles;
  private final boolean wanted;

  AccessTimes(Vfs vfs, OpenHandles handles, MountOptions options) {
    this.vfs = vfs;
    this.handles = handles;
    this.wanted = !options.has("ro") && !options.has("noatime");
  }

  /** The read or readdir request being served has what it asked for. */
  void read(InodeNumber inode, long handle) {
    read(inode, handle, Worker.requestInt(READ_FLAGS));
  }

  /** The same for a file that was opened with these flags of open(2). */
  void read(InodeNumber inode, long handle, int flags) {
    if (wanted && (flags & O_NOATIME) == 0 && handles.isFirstRead(handle)) {
      vfs.accessed(inode);
    }
  }

  /** A symlink was followed. */
  void followed(InodeNumber symlink) {
    if (wanted) {
      vfs.accessed(symlink);
    }
  }
}
