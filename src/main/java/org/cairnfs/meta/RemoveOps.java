package org.cairnfs.meta;

import org.cairnfs.core.Errno;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.ForgetInode;
import org.cairnfs.proto.RemoveEntry;

/**
 * Operations that take a name away: unlink(2), rmdir(2), and the last close of what has no name any
 * more.
 */
final class RemoveOps {
  private final MetaView view;
  private final Inodes inodes;
  private final Ledger ledger;

  RemoveOps(MetaView view, Inodes inodes, Ledger ledger) {
    this.view = view;
    this.inodes = inodes;
    this.ledger = ledger;
  }

  MetaResult unlink(long session, RemoveEntry op) {
    return remove(session, op, false);
  }

  MetaResult removeDirectory(long session, RemoveEntry op) {
    return remove(session, op, true);
  }

  private MetaResult remove(long session, RemoveEntry op, boolean directory) {
    InodeRecord parent = inodes.find(op.getParent());
    Errno problem = Inodes.notSearchable(parent);
    if (problem != null || parent == null) {
      return MetaResult.failed(problem == null ? Errno.ENOENT : problem);
    }
    byte[] key = Keys.named(op.getParent(), op.getName().toByteArray());
    DentryRecord dentry = inodes.findDentry(key);
    if (dentry == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    InodeRecord inode = inodes.require(dentry.inode());
    if (inode.isDirectory() != directory) {
      return MetaResult.failed(directory ? Errno.ENOTDIR : Errno.EISDIR);
    }
    if (directory && inode.sizeBytes > 0) {
      return MetaResult.failed(Errno.ENOTEMPTY);
    }
    Timestamp now = Times.decode(op.getTime());
    inodes.deleteDentry(key);
    if (directory) {
      parent.links--;
    }
    parent.touchEntries(now, -1);
    inodes.put(parent);
    dropLink(session, inode, op.getKeepInode(), now);
    return MetaResult.DONE;
  }

  /**
   * Takes one name off the inode, which the caller has seen to be a file, or an empty directory.
   */
  void dropLink(long session, InodeRecord inode, boolean keep, Timestamp now) {
    inode.links = inode.isDirectory() ? 0 : inode.links - 1;
    if (inode.links == 0 && !keep) {
      inodes.delete(inode);
      ledger.releaseInode(inode);
      return;
    }
    inode.touchChanged(now);
    inodes.put(inode);
    if (inode.links == 0) {
      keepFor(session, inode);
      LeaseOps.openedBy(view, inode.number).forEach(other -> keepFor(other, inode));
    }
  }

  private void keepFor(long session, InodeRecord inode) {
    view.put(MetaTable.ORPHAN, Keys.pair(session, inode.number), Records.EMPTY);
  }

  MetaResult forget(long session, ForgetInode op) {
    forget(session, op.getInode());
    return MetaResult.DONE;
  }

  /** The session no longer needs an inode without links; the last that kept it frees it. */
  void forget(long session, long number) {
    byte[] key = Keys.pair(session, number);
    if (view.get(MetaTable.ORPHAN, key) == null) {
      return;
    }
    view.delete(MetaTable.ORPHAN, key);
    InodeRecord inode = inodes.find(number);
    if (inode != null && inode.links == 0 && !isKept(number)) {
      inodes.delete(inode);
      ledger.releaseInode(inode);
    }
  }

  private boolean isKept(long inode) {
    boolean[] kept = new boolean[1];
    view.scan(MetaTable.SESSION, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (session, record) -> {
      kept[0] = view.get(MetaTable.ORPHAN, Keys.pair(Keys.firstNumber(session), inode)) != null;
      return !kept[0];
    });
    return kept[0];
  }
}
