package org.cairnfs.meta;

import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Limits;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.SetAttributes;
import org.cairnfs.proto.TouchAccessed;
import org.jspecify.annotations.Nullable;

/**
 * chmod(2), chown(2), utimensat(2) and truncate(2), in one operation as FUSE has them; and access
 * times.
 */
final class AttributeOps {
  private final Inodes inodes;
  private final ExtentOps extents;

  AttributeOps(Inodes inodes, ExtentOps extents) {
    this.inodes = inodes;
    this.extents = extents;
  }

  MetaResult setAttributes(SetAttributes op) {
    InodeRecord inode = inodes.find(op.getInode());
    if (inode == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    Errno problem = op.hasSizeBytes() ? notResizable(inode, op.getSizeBytes()) : null;
    if (problem != null) {
      return MetaResult.failed(problem);
    }
    if (op.hasPermissions()) {
      inode.mode =
          (inode.mode & FileMode.TYPE_MASK) | (op.getPermissions() & FileMode.PERMISSION_MASK);
    }
    if (op.hasUid()) {
      inode.uid = op.getUid();
    }
    if (op.hasGid()) {
      inode.gid = op.getGid();
    }
    Timestamp changed = Times.decode(op.getChanged());
    if (op.hasSizeBytes()) {
      extents.resize(inode, op.getSizeBytes(), op.getFreshMap());
      inode.modified = changed;
    }
    if (op.hasAccessed()) {
      inode.accessed = Times.decode(op.getAccessed());
    }
    if (op.hasModified()) {
      inode.modified = Times.decode(op.getModified());
    }
    inode.touchChanged(changed);
    inodes.put(inode);
    return new MetaResult.Done(inode);
  }

  MetaResult touchAccessed(TouchAccessed op) {
    for (TouchAccessed.Touch touch : op.getTouchesList()) {
      InodeRecord inode = inodes.find(touch.getInode());
      if (inode != null && inode.accessed.equals(Times.decode(touch.getBefore()))) {
        inode.accessed = Times.decode(touch.getAccessed());
        inodes.put(inode);
      }
    }
    return MetaResult.DONE;
  }

  private static @Nullable Errno notResizable(InodeRecord inode, long sizeBytes) {
    if (inode.isDirectory()) {
      return Errno.EISDIR;
    }
    if (!inode.isRegular() || sizeBytes < 0) {
      return Errno.EINVAL;
    }
    return sizeBytes > Limits.FILE_SIZE_MAX_BYTES ? Errno.EFBIG : null;
  }
}
