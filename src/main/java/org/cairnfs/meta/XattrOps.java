package org.cairnfs.meta;

import org.cairnfs.core.Errno;
import org.cairnfs.core.Limits;
import org.cairnfs.proto.RemoveXattr;
import org.cairnfs.proto.SetXattr;

/** setxattr(2) and removexattr(2). */
final class XattrOps {
  /**
   * Most attributes of one inode: what listxattr(2) can tell (XATTR_LIST_MAX) with names of 64
   * bytes.
   */
  static final int MAX_XATTRS = 1024;

  private final MetaView view;
  private final Inodes inodes;

  XattrOps(MetaView view, Inodes inodes) {
    this.view = view;
    this.inodes = inodes;
  }

  MetaResult set(SetXattr op) {
    InodeRecord inode = inodes.find(op.getInode());
    if (inode == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    if (op.getName().isEmpty()
        || op.getName().size() > Limits.XATTR_NAME_MAX_BYTES + Inodes.SEALING_MAX_BYTES) {
      return MetaResult.failed(Errno.ERANGE);
    }
    if (op.getValue().size() > Limits.XATTR_VALUE_MAX_BYTES + Inodes.SEALING_MAX_BYTES) {
      return MetaResult.failed(Errno.E2BIG);
    }
    byte[] key = Keys.named(op.getInode(), op.getName().toByteArray());
    boolean present = view.get(MetaTable.XATTR, key) != null;
    if (present && op.getMustBeNew()) {
      return MetaResult.failed(Errno.EEXIST);
    }
    if (!present && op.getMustExist()) {
      return MetaResult.failed(Errno.ENODATA);
    }
    if (!present && inode.xattrs >= MAX_XATTRS) {
      return MetaResult.failed(Errno.ENOSPC);
    }
    inode.xattrs += present ? 0 : 1;
    inode.touchChanged(Times.decode(op.getTime()));
    view.put(MetaTable.XATTR, key, op.getValue().toByteArray());
    inodes.put(inode);
    return MetaResult.DONE;
  }

  MetaResult remove(RemoveXattr op) {
    InodeRecord inode = inodes.find(op.getInode());
    if (inode == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    byte[] key = Keys.named(op.getInode(), op.getName().toByteArray());
    if (view.get(MetaTable.XATTR, key) == null) {
      return MetaResult.failed(Errno.ENODATA);
    }
    inode.xattrs--;
    inode.touchChanged(Times.decode(op.getTime()));
    view.delete(MetaTable.XATTR, key);
    inodes.put(inode);
    return MetaResult.DONE;
  }
}
