package org.cairnfs.meta;

import java.util.Arrays;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.RenameEntry;
import org.jspecify.annotations.Nullable;

/** rename(2), with the order of its errors as Linux has it. */
final class RenameOp {
  private final Inodes inodes;
  private final RemoveOps removal;

  RenameOp(Inodes inodes, RemoveOps removal) {
    this.inodes = inodes;
    this.removal = removal;
  }

  MetaResult rename(long session, RenameEntry op) {
    InodeRecord from = inodes.find(op.getParent());
    InodeRecord to = op.getNewParent() == op.getParent() ? from : inodes.find(op.getNewParent());
    Errno problem = Inodes.notSearchable(from);
    problem =
        problem != null ? problem : Inodes.notExtendable(to, op.getNewName().size());
    if (problem != null || from == null || to == null) {
      return MetaResult.failed(problem == null ? Errno.ENOENT : problem);
    }
    byte[] oldKey = Keys.named(op.getParent(), op.getName().toByteArray());
    byte[] newKey = Keys.named(op.getNewParent(), op.getNewName().toByteArray());
    DentryRecord source = inodes.findDentry(oldKey);
    if (source == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    DentryRecord target = inodes.findDentry(newKey);
    if (Arrays.equals(oldKey, newKey) || (target != null && target.inode() == source.inode())) {
      return MetaResult.DONE;
    }
    boolean directory = FileMode.isDirectory(source.type());
    if (directory && to != from) {
      inodes.requireTree();
      if (isBelow(to, source.inode())) {
        return MetaResult.failed(Errno.EINVAL);
      }
    }
    InodeRecord replaced = target == null ? null : inodes.require(target.inode());
    if (replaced != null) {
      problem = notReplaceable(replaced, directory);
      if (problem != null) {
        return MetaResult.failed(problem);
      }
    }
    move(session, op, new Move(from, to, oldKey, newKey, inodes.require(source.inode()), replaced));
    return MetaResult.DONE;
  }

  /**
   * A rename that is allowed. {@code from} and {@code to} are one object when they are one
   * directory.
   */
  private record Move(
      InodeRecord from,
      InodeRecord to,
      byte[] oldKey,
      byte[] newKey,
      InodeRecord inode,
      @Nullable InodeRecord replaced) {}

  private void move(long session, RenameEntry op, Move move) {
    Timestamp now = Times.decode(op.getTime());
    InodeRecord inode = move.inode();
    InodeRecord replaced = move.replaced();
    InodeRecord from = move.from();
    InodeRecord to = move.to();
    from.touchEntries(now, -1);
    to.touchEntries(now, replaced == null ? 1 : 0);
    if (replaced != null && replaced.isDirectory()) {
      to.links--;
    }
    if (inode.isDirectory() && from != to) {
      from.links--;
      to.links++;
      inode.parent = to.number;
    }
    inode.touchChanged(now);
    // In this order there is no moment in which a reader finds neither name, or a name without its
    // inode.
    inodes.put(inode);
    inodes.putDentry(move.newKey(), inode);
    inodes.deleteDentry(move.oldKey());
    inodes.put(from);
    if (from != to) {
      inodes.put(to);
    }
    if (replaced != null) {
      removal.dropLink(session, replaced, op.getKeepReplaced(), now);
    }
  }

  private static @Nullable Errno notReplaceable(InodeRecord replaced, boolean byDirectory) {
    if (!replaced.isDirectory()) {
      return byDirectory ? Errno.ENOTDIR : null;
    }
    if (!byDirectory) {
      return Errno.EISDIR;
    }
    return replaced.sizeBytes > 0 ? Errno.ENOTEMPTY : null;
  }

  /** Whether {@code directory} is {@code ancestor} or below it. */
  private boolean isBelow(InodeRecord directory, long ancestor) {
    InodeRecord at = directory;
    while (at.number != ancestor) {
      if (at.number == InodeNumber.ROOT.value()) {
        return false;
      }
      at = inodes.require(at.parent);
    }
    return true;
  }
}
