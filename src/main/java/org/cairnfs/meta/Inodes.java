package org.cairnfs.meta;

import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * Inodes and dentries of a view, decoded. Every change of a dentry comes with one of its directory,
 * every change of an extent or an attribute with one of its inode: so whoever may change the inodes
 * that are put here may change the rest. Not thread-safe.
 */
final class Inodes {
  /** What sealing adds to a string at most. */
  static final int SEALING_MAX_BYTES = 65;

  /** Longest sealed name. */
  static final int SEALED_NAME_MAX_BYTES = Limits.NAME_MAX_BYTES + SEALING_MAX_BYTES;

  /** Asked before an inode is changed, or who is whose parent; throws if that may not be. */
  interface Guard {
    void requireExclusive(long inode);
  }

  private final MetaView view;
  private final Guard guard;

  Inodes(MetaView view, Guard guard) {
    this.view = view;
    this.guard = guard;
  }

  /** A directory is about to be moved into another one. */
  void requireTree() {
    guard.requireExclusive(LeaseRanges.TREE);
  }

  /** A copy of the inode's record, the caller's to change and {@link #put}. */
  @Nullable
  InodeRecord find(long number) {
    byte[] value = view.get(MetaTable.INODE, Keys.number(number));
    return value == null ? null : InodeRecord.decode(number, value);
  }

  /** As {@link #find} for an inode that must be there because something stored refers to it. */
  InodeRecord require(long number) {
    InodeRecord inode = find(number);
    if (inode == null) {
      throw new CorruptMetadataException("inode " + number + " is referred to and missing");
    }
    return inode;
  }

  void put(InodeRecord inode) {
    guard.requireExclusive(inode.number);
    view.put(MetaTable.INODE, Keys.number(inode.number), inode.encode());
  }

  void delete(InodeRecord inode) {
    guard.requireExclusive(inode.number);
    view.delete(MetaTable.INODE, Keys.number(inode.number));
  }

  @Nullable
  DentryRecord findDentry(byte[] key) {
    byte[] value = view.get(MetaTable.DENTRY, key);
    return value == null ? null : DentryRecord.decode(value);
  }

  void putDentry(byte[] key, InodeRecord inode) {
    DentryRecord dentry = new DentryRecord(inode.number, inode.mode & FileMode.TYPE_MASK);
    view.put(MetaTable.DENTRY, key, dentry.encode());
  }

  void deleteDentry(byte[] key) {
    view.delete(MetaTable.DENTRY, key);
  }

  /** Why nothing can be looked up in {@code directory}, or null. */
  static @Nullable Errno notSearchable(@Nullable InodeRecord directory) {
    if (directory == null) {
      return Errno.ENOENT;
    }
    return directory.isDirectory() ? null : Errno.ENOTDIR;
  }

  /**
   * Why {@code directory} cannot get a new entry of that name, or null: a removed directory takes
   * none.
   */
  static @Nullable Errno notExtendable(@Nullable InodeRecord directory, int nameBytes) {
    Errno problem = notSearchable(directory);
    if (problem == null && directory != null && directory.links == 0) {
      problem = Errno.ENOENT;
    }
    if (problem == null && nameBytes > SEALED_NAME_MAX_BYTES) {
      problem = Errno.ENAMETOOLONG;
    }
    return problem == null && nameBytes == 0 ? Errno.EINVAL : problem;
  }
}
