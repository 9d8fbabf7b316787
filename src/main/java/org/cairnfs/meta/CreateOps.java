package org.cairnfs.meta;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Limits;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.CreateInode;
import org.cairnfs.proto.LinkInode;

/** Operations that add a name: mknod(2), mkdir(2), symlink(2), link(2). */
final class CreateOps {
  /** A directory is named by its parent and by itself. */
  static final int DIRECTORY_LINKS = 2;

  private static final int SEALED_TARGET_MAX_BYTES =
      Limits.SYMLINK_MAX_BYTES + Inodes.SEALING_MAX_BYTES;

  private final Inodes inodes;
  private final Ledger ledger;

  CreateOps(Inodes inodes, Ledger ledger) {
    this.inodes = inodes;
    this.ledger = ledger;
  }

  MetaResult create(CreateInode op) {
    InodeRecord parent = inodes.find(op.getParent());
    Errno problem = Inodes.notExtendable(parent, op.getName().size());
    if (problem != null || parent == null) {
      return MetaResult.failed(problem == null ? Errno.ENOENT : problem);
    }
    boolean symlink = FileMode.isSymlink(op.getMode());
    if (!isType(op.getMode()) || symlink == op.getSymlinkTarget().isEmpty()) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (op.getSymlinkTarget().size() > SEALED_TARGET_MAX_BYTES) {
      return MetaResult.failed(Errno.ENAMETOOLONG);
    }
    byte[] key = Keys.named(op.getParent(), op.getName().toByteArray());
    if (inodes.findDentry(key) != null) {
      return MetaResult.failed(Errno.EEXIST);
    }
    Timestamp now = Times.decode(op.getTime());
    InodeRecord inode = new InodeRecord(op.getInode(), op.getMode(), now);
    inode.uid = op.getUid();
    inode.gid = op.getGid();
    inode.device = op.getDevice();
    inode.links = 1;
    if (inode.isDirectory()) {
      inode.links = DIRECTORY_LINKS;
      inode.parent = parent.number;
      parent.links++;
    } else if (symlink) {
      inode.symlinkTarget = new Bytes(op.getSymlinkTarget().toByteArray());
      inode.sizeBytes = op.getSymlinkTargetBytes();
    }
    parent.touchEntries(now, 1);
    // The inode first: whoever sees the name must find it.
    inodes.put(inode);
    inodes.putDentry(key, inode);
    inodes.put(parent);
    ledger.addInodes(1);
    return new MetaResult.Done(inode);
  }

  MetaResult link(LinkInode op) {
    InodeRecord inode = inodes.find(op.getInode());
    InodeRecord parent = inodes.find(op.getParent());
    if (inode == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    Errno problem = Inodes.notExtendable(parent, op.getName().size());
    if (problem != null || parent == null) {
      return MetaResult.failed(problem == null ? Errno.ENOENT : problem);
    }
    byte[] key = Keys.named(op.getParent(), op.getName().toByteArray());
    if (inodes.findDentry(key) != null) {
      return MetaResult.failed(Errno.EEXIST);
    }
    if (inode.isDirectory()) {
      return MetaResult.failed(Errno.EPERM);
    }
    if (inode.links == 0) {
      // As Linux: the last name of an open file is gone for good.
      return MetaResult.failed(Errno.ENOENT);
    }
    if (inode.links >= Limits.LINK_MAX) {
      return MetaResult.failed(Errno.EMLINK);
    }
    Timestamp now = Times.decode(op.getTime());
    inode.links++;
    inode.touchChanged(now);
    parent.touchEntries(now, 1);
    inodes.put(inode);
    inodes.putDentry(key, inode);
    inodes.put(parent);
    return new MetaResult.Done(inode);
  }

  private static boolean isType(int mode) {
    return switch (mode & FileMode.TYPE_MASK) {
      case FileMode.REGULAR,
          FileMode.DIRECTORY,
          FileMode.SYMLINK,
          FileMode.CHARACTER_DEVICE,
          FileMode.BLOCK_DEVICE,
          FileMode.FIFO,
          FileMode.SOCKET -> true;
      default -> false;
    };
  }
}
