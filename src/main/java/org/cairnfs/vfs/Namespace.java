package org.cairnfs.vfs;

import java.util.Objects;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Dentry;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Needs;
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
  private final Leases leases;
  private final SealedNames names;

  Namespace(MetaSession session, ActiveFiles files, Committer committer, SealedNames names) {
    this.session = session;
    this.files = files;
    this.committer = committer;
    this.leases = session.leases();
    this.names = names;
  }

  Inode lookup(Needs needs, InodeNumber directory, Bytes name) {
    needs.read(directory);
    Dentry dentry = session.lookup(directory, names.seal(directory, name));
    if (dentry == null) {
      throw new PosixException(Errno.ENOENT, "lookup");
    }
    needs.read(dentry.inode());
    return files.attributes(dentry.inode());
  }

  Bytes readSymlink(Needs needs, InodeNumber symlink) {
    needs.read(symlink);
    Bytes sealed = session.inode(symlink).symlinkTarget();
    if (sealed == null) {
      throw new PosixException(Errno.EINVAL, "inode " + symlink + " is not a symlink");
    }
    return names.openTarget(sealed);
  }

  /** @param open whether the new file gets a handle, as {@link ActiveFiles#acquire} gives */
  Inode makeNode(
      Caller caller,
      InodeNumber parent,
      Bytes name,
      int mode,
      int device,
      boolean open,
      Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    return committer.change(needs -> {
      needs.change(parent);
      needs.demand();
      Inode directory = session.inode(parent);
      boolean inherits = (directory.mode() & FileMode.SET_GID) != 0;
      int inherited = inherits && FileMode.isDirectory(mode) ? mode | FileMode.SET_GID : mode;
      int gid = inherits ? directory.gid() : caller.gid();
      Inode made = session.create(
          parent, sealed, new NewInode(inherited, caller.uid(), gid, device, null, 0, now));
      if (open) {
        ActiveFile unused = files.acquire(made.number());
      }
      return made;
    });
  }

  Inode makeSymlink(Caller caller, InodeNumber parent, Bytes name, Bytes target, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Bytes sealedTarget = names.sealTarget(target);
    return committer.change(needs -> {
      needs.change(parent);
      needs.demand();
      Inode directory = session.inode(parent);
      int gid = (directory.mode() & FileMode.SET_GID) != 0 ? directory.gid() : caller.gid();
      int mode = FileMode.SYMLINK | 0777;
      return session.create(
          parent,
          sealed,
          new NewInode(mode, caller.uid(), gid, 0, sealedTarget, target.length(), now));
    });
  }

  Inode link(InodeNumber inode, InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    return committer.change(needs -> {
      needs.change(inode);
      needs.change(parent);
      needs.demand();
      Inode unused = session.link(inode, parent, sealed, now);
      return files.attributes(inode);
    });
  }

  void unlink(InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    removing(parent, sealed, needs -> {}, keep -> session.unlink(parent, sealed, keep, now));
  }

  void removeDirectory(InodeNumber parent, Bytes name, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    removing(
        parent, sealed, needs -> {}, keep -> session.removeDirectory(parent, sealed, keep, now));
  }

  void rename(InodeNumber parent, Bytes name, InodeNumber newParent, Bytes newName, Timestamp now) {
    Bytes sealed = names.seal(parent, name);
    Bytes newSealed = names.seal(newParent, newName);
    removing(
        newParent,
        newSealed,
        needs -> needMoved(needs, parent, sealed, newParent),
        keep -> session.rename(parent, sealed, newParent, newSealed, keep, now));
  }

  private void needMoved(Needs needs, InodeNumber parent, Bytes sealedName, InodeNumber newParent) {
    needs.change(parent);
    Dentry moved = session.lookup(parent, sealedName);
    if (moved != null) {
      needs.change(moved.inode());
      if (FileMode.isDirectory(moved.type()) && !parent.equals(newParent)) {
        needs.changeTree();
      }
    }
  }

  /**
   * Uses a file that may not be open. Whoever removes its last name meanwhile takes it for open, so
   * it is closed afterwards.
   */
  <T> T using(InodeNumber inode, Function<ActiveFile, T> use) {
    ActiveFile file = files.acquire(inode);
    try {
      return use.apply(file);
    } finally {
      closed(file);
    }
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
      forget(file.number());
      discard(file);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Forgets an inode that lost its last name elsewhere, unless it is open here: then
   * {@link #closed} does. Waits for nobody.
   *
   * @return false if somebody opens or closes it right now
   */
  boolean forgetUnused(InodeNumber inode) {
    Lock lock = files.lockFor(inode);
    if (!lock.tryLock()) {
      return false;
    }
    try {
      if (!files.isOpen(inode)) {
        forget(inode);
        discard(files.find(inode));
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void forget(InodeNumber inode) {
    boolean done = committer.tryRun(needs -> {
      needs.change(inode);
      needs.demand();
      session.forget(inode);
    });
    if (!done) {
      session.forgetOrphan(inode);
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
   * or close it. Waits for leases while others can.
   *
   * @param others names what the removal needs beside the directory and what is removed
   */
  private void removing(
      InodeNumber parent, Bytes sealedName, Consumer<Needs> others, Removal removal) {
    Needs needs = leases.needs();
    while (true) {
      committer.awaitBatchRoom();
      // may be old by the time of the removal, which then finds out
      InodeNumber inode = targetOf(parent, sealedName);
      Boolean done = inode == null
          ? committer.attempt(
              needs, within -> remove(within, parent, sealedName, null, others, removal))
          : removeKnown(needs, parent, sealedName, inode, others, removal);
      if (done == null) {
        leases.requireChange(needs);
      } else if (done) {
        return;
      }
    }
  }

  private @Nullable InodeNumber targetOf(InodeNumber parent, Bytes sealedName) {
    try {
      Dentry target = session.lookup(parent, sealedName);
      return target == null ? null : target.inode();
    } catch (PosixException e) {
      return null; // the removal says what is wrong
    }
  }

  private @Nullable Boolean removeKnown(
      Needs needs,
      InodeNumber parent,
      Bytes sealedName,
      InodeNumber inode,
      Consumer<Needs> others,
      Removal removal) {
    Lock lock = files.lockFor(inode);
    lock.lock();
    try {
      Boolean done = committer.attempt(
          needs, within -> remove(within, parent, sealedName, inode, others, removal));
      if (done != null && done) {
        discard(files.isOpen(inode) ? null : files.find(inode));
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  /** Returns false, and does nothing, if the name stands for another inode than {@code inode}. */
  private boolean remove(
      Needs needs,
      InodeNumber parent,
      Bytes sealedName,
      @Nullable InodeNumber inode,
      Consumer<Needs> others,
      Removal removal) {
    needs.change(parent);
    if (inode != null) {
      needs.change(inode);
    }
    others.accept(needs);
    needs.demand();
    Dentry still = session.lookup(parent, sealedName);
    if (!Objects.equals(inode, still == null ? null : still.inode())) {
      return false;
    }
    boolean openHere = inode != null && files.isOpen(inode);
    boolean keptForOthers = inode != null && !openHere && session.isOpenElsewhere(inode);
    removal.remove(openHere || keptForOthers);
    if (inode != null && keptForOthers) {
      session.forget(inode);
    }
    return true;
  }

  /** What is pending of a file is not wanted any more if nobody can read it, here or elsewhere. */
  private void discard(@Nullable ActiveFile file) {
    if (file != null && !files.exists(file.number())) {
      file.discard();
      files.retire(file);
    }
  }

  private interface Removal {
    void remove(boolean keepInode);
  }
}
