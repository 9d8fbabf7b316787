package org.cairnfs.vfs;

import java.util.concurrent.locks.Lock;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Dentry;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.NewInode;
import org.jspecify.annotations.Nullable;

/**
 * Names and what they stand for: lookup, making, linking, removing, renaming.
 *
 * <p>An inode that is open when its last name goes stays, without links, until its last handle is
 * closed. Thread-safe.
 */
final class Namespace {
  private final MetaSession session;
  private final ActiveFiles files;
  private final Committer committer;
  private final SealedNames names;

  Namespace(MetaSession session, ActiveFiles files, Committer committer, SealedNames names) {
    this.session = session;
    this.files = files;
    this.committer = committer;
    this.names = names;
  }

  Inode lookup(InodeNumber directory, Bytes name) {
    Dentry dentry = session.lookup(directory, names.seal(directory, name));
    if (dentry == null) {
      throw new PosixException(Errno.ENOENT, "lookup");
    }
    return files.attributes(dentry.inode());
  }

  Bytes readSymlink(InodeNumber symlink) {
    Bytes sealed = session.inode(symlink).symlinkTarget();
    if (sealed == null) {
      throw new PosixException(Errno.EINVAL, "inode " + symlink + " is not a symlink");
    }
    return names.openTarget(sealed);
  }

  Inode makeNode(
      Caller caller, InodeNumber parent, Bytes name, int mode, int device, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Inode directory = session.inode(parent);
    boolean inherits = (directory.mode() & FileMode.SET_GID) != 0;
    int inherited = inherits && FileMode.isDirectory(mode) ? mode | FileMode.SET_GID : mode;
    int gid = inherits ? directory.gid() : caller.gid();
    NewInode inode = new NewInode(inherited, caller.uid(), gid, device, null, 0, now);
    return committer.change(() -> session.create(parent, sealed, inode));
  }

  Inode makeSymlink(Caller caller, InodeNumber parent, Bytes name, Bytes target, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Inode directory = session.inode(parent);
    int gid = (directory.mode() & FileMode.SET_GID) != 0 ? directory.gid() : caller.gid();
    NewInode inode = new NewInode(
        FileMode.SYMLINK | 0777,
        caller.uid(),
        gid,
        0,
        names.sealTarget(target),
        target.length(),
        now);
    return committer.change(() -> session.create(parent, sealed, inode));
  }

  Inode link(InodeNumber inode, InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Inode unused = committer.change(() -> session.link(inode, parent, sealed, now));
    return files.attributes(inode);
  }

  void unlink(InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    removing(parent, sealed, keep -> session.unlink(parent, sealed, keep, now));
  }

  void removeDirectory(InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    removing(parent, sealed, keep -> session.removeDirectory(parent, sealed, keep, now));
  }

  void rename(InodeNumber parent, Bytes name, InodeNumber newParent, Bytes newName, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Bytes newSealed = names.seal(newParent, newName);
    removing(
        newParent,
        newSealed,
        keep -> session.rename(parent, sealed, newParent, newSealed, keep, now));
  }

  /** A handle of the file was closed: the last one frees an inode that has no name any more. */
  void closed(ActiveFile file) {
    Lock lock = files.lockFor(file.number());
    lock.lock();
    try {
      files.release(file);
      if (files.isOpen(file.number()) || linksOf(file.number()) > 0) {
        return;
      }
      committer.run(() -> session.forget(file.number()));
      discard(file);
    } finally {
      lock.unlock();
    }
  }

  private int linksOf(InodeNumber number) {
    try {
      return session.inode(number).links();
    } catch (PosixException e) {
      if (e.errno() == Errno.ENOENT) {
        return 0;
      }
      throw e;
    }
  }

  /**
   * Removes what a name stands for (if anything), knowing whether it is open, while nobody can open
   * or close it.
   */
  private void removing(InodeNumber parent, Bytes sealedName, Removal removal) {
    for (; ; ) {
      Dentry target = session.lookup(parent, sealedName);
      if (target == null) {
        committer.run(() -> removal.remove(false));
        return;
      }
      Lock lock = files.lockFor(target.inode());
      lock.lock();
      try {
        Dentry still = session.lookup(parent, sealedName);
        if (still == null || !still.inode().equals(target.inode())) {
          continue; // replaced between the look and the lock
        }
        boolean open = files.isOpen(target.inode());
        committer.run(() -> removal.remove(open));
        ActiveFile pending = open ? null : files.find(target.inode());
        if (pending != null && linksOf(target.inode()) == 0) {
          discard(pending);
        }
        return;
      } finally {
        lock.unlock();
      }
    }
  }

  private void discard(@Nullable ActiveFile file) {
    if (file != null) {
      file.discard();
      files.retire(file);
    }
  }

  private interface Removal {
    void remove(boolean keepInode);
  }
}
