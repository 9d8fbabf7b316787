package org.cairnfs.fuse;

import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.fuse.Callbacks.PP;
import org.cairnfs.fuse.Callbacks.PPP;
import org.cairnfs.fuse.Callbacks.PPPIP;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;

/**
 * The operations on what an inode is, rather than on what it holds: attributes, symlink targets,
 * the volume's sizes.
 */
final class InodeOperations {
  // FUSE_SET_ATTR_* of fuse_lowlevel.h.
  private static final int SET_MODE = 1;
  private static final int SET_UID = 1 << 1;
  private static final int SET_GID = 1 << 2;
  private static final int SET_SIZE = 1 << 3;
  private static final int SET_ACCESSED = 1 << 4;
  private static final int SET_MODIFIED = 1 << 5;
  private static final int SET_ACCESSED_NOW = 1 << 7;
  private static final int SET_MODIFIED_NOW = 1 << 8;

  private final Vfs vfs;
  private final AccessTimes accessTimes;
  private final KernelPages pages;

  InodeOperations(Vfs vfs, AccessTimes accessTimes, KernelPages pages) {
    this.vfs = vfs;
    this.accessTimes = accessTimes;
    this.pages = pages;
  }

  void register(OperationTable table) {
    table.set(
        Slot.GETATTR,
        PPP.class,
        (req, inode, fileInfo) -> Boundary.serveFound(
            req, request -> request.attributes(vfs.attributes(new InodeNumber(inode)))));
    table.set(
        Slot.SETATTR,
        PPPIP.class,
        (req, inode, stat, which, fileInfo) ->
            Boundary.serveFound(req, request -> setAttributes(request, inode, stat, which)));
    table.set(
        Slot.READLINK,
        PP.class,
        (req, inode) -> Boundary.serveFound(req, request -> readSymlink(request, inode)));
    table.set(
        Slot.STATFS,
        PP.class,
        (req, inode) -> Boundary.serve(req, request -> request.volume(vfs.stat())));
  }

  private void readSymlink(Request request, long inode) {
    InodeNumber symlink = new InodeNumber(inode);
    byte[] target = vfs.readSymlink(symlink).array();
    accessTimes.followed(symlink);
    request.data(target);
  }

  private void setAttributes(Request request, long inode, long stat, int which) {
    InodeNumber number = new InodeNumber(inode);
    AttributeChange change = change(stat, which, vfs.now());
    if (PrivilegeBits.clearedBySetAttributes() && change.permissions() == null) {
      change =
          withPermissions(change, PrivilegeBits.cleared(vfs.attributes(number).mode()));
    }
    Inode changed = vfs.setAttributes(number, change);
    Long size = change.sizeBytes();
    if (size != null) {
      pages.contentsChanged(number, size, KernelPages.END);
    }
    request.attributes(changed);
  }

  /**
   * The change that a {@code struct stat} and the bits for its fields ask for at the time
   * {@code now}.
   */
  static AttributeChange change(long stat, int which, Timestamp now) {
    return new AttributeChange(
        (which & SET_MODE) != 0 ? StatWriter.mode(stat) : null,
        (which & SET_UID) != 0 ? StatWriter.uid(stat) : null,
        (which & SET_GID) != 0 ? StatWriter.gid(stat) : null,
        (which & SET_SIZE) != 0 ? StatWriter.size(stat) : null,
        time((which & SET_ACCESSED_NOW) != 0, (which & SET_ACCESSED) != 0, now, stat, true),
        time((which & SET_MODIFIED_NOW) != 0, (which & SET_MODIFIED) != 0, now, stat, false),
        now);
  }

  private static AttributeChange withPermissions(AttributeChange change, int permissions) {
    return new AttributeChange(
        permissions,
        change.uid(),
        change.gid(),
        change.sizeBytes(),
        change.accessed(),
        change.modified(),
        change.changed());
  }

  private static @Nullable Timestamp time(
      boolean setNow, boolean set, Timestamp now, long stat, boolean accessed) {
    if (setNow) {
      return now;
    }
    if (!set) {
      return null;
    }
    return accessed ? StatWriter.accessed(stat) : StatWriter.modified(stat);
  }
}
