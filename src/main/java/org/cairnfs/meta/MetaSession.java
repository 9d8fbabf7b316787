package org.cairnfs.meta;

import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * A session's view of the metadata: reads see its own changes at once; changes are applied
 * speculatively, in order, and committed in the same order by {@linkplain #cut cuts}, so that what
 * survives a crash is a prefix.
 *
 * <p>Names are sealed; permission checks are the kernel's. Thread-safe; changes are serialised.
 * Every failure a program may see is a {@link org.cairnfs.core.PosixException} with the errno its
 * man page names: ENOENT for an inode that is gone, ENOTDIR, EEXIST, ENOTEMPTY, EINVAL (rename
 * below itself), EMLINK, ENODATA, EIO if the metadata cannot be read.
 */
public interface MetaSession extends AutoCloseable {
  Inode inode(InodeNumber number);

  /**
   * The entry of that name, or null.
   *
   * @throws org.cairnfs.core.PosixException ENOENT, ENOTDIR about the directory
   */
  @Nullable
  Dentry lookup(InodeNumber directory, Bytes sealedName);

  /**
   * Up to {@code max} entries after {@code after} (null: from the start), ordered by sealed name.
   */
  List<Dentry> list(InodeNumber directory, @Nullable Bytes after, int max);

  /** The extents of one block, ordered by offset, disjoint; holes are what they leave out. */
  default List<Extent> extents(InodeNumber file, long block) {
    return extents(file, block, 0, Limits.BLOCK_SIZE_BYTES);
  }

  /** Those of them that reach into {@code [from, to)} of the block. */
  List<Extent> extents(InodeNumber file, long block, int from, int to);

  /** How many extents the block has. */
  int extentCount(InodeNumber file, long block);

  /** The first block at or after {@code block} that has an extent. */
  OptionalLong nextMappedBlock(InodeNumber file, long block);

  byte @Nullable [] xattr(InodeNumber inode, Bytes sealedName);

  List<Bytes> xattrNames(InodeNumber inode);

  Usage usage();

  /**
   * Makes an inode of any type under a name that must be free. A directory starts with 2 links and
   * adds one to its parent.
   */
  Inode create(InodeNumber parent, Bytes sealedName, NewInode inode);

  /** Adds a name; returns the inode with its new link count. EPERM for a directory. */
  Inode link(InodeNumber inode, InodeNumber parent, Bytes sealedName, Timestamp now);

  /**
   * Removes a name of anything but a directory (EISDIR).
   *
   * @param keepInode the inode is open: when this was its last name it stays, with 0 links, until
   *     {@link #forget}
   */
  void unlink(InodeNumber parent, Bytes sealedName, boolean keepInode, Timestamp now);

  /** Removes an empty directory; {@code keepInode} as for {@link #unlink}. */
  void removeDirectory(InodeNumber parent, Bytes sealedName, boolean keepInode, Timestamp now);

  /**
   * rename(2): replaces what the new name stands for, atomically; nothing happens when both name
   * one inode.
   *
   * @param keepReplaced the inode replaced is open, as {@code keepInode} of {@link #unlink}
   */
  void rename(
      InodeNumber parent,
      Bytes sealedName,
      InodeNumber newParent,
      Bytes newSealedName,
      boolean keepReplaced,
      Timestamp now);

  /**
   * The last handle of an inode without links was closed: frees it. No error if it has links or is
   * gone.
   */
  void forget(InodeNumber inode);

  /** Inodes were read: sets their access times, and nothing else. No error if some are gone. */
  void touchAccessed(Collection<Touch> touches);

  /**
   * Sets attributes; shrinking frees extents (many of them in the background). Shrinking a very
   * large file by a part goes in steps: a crash in between leaves it longer than asked for.
   */
  Inode setAttributes(InodeNumber inode, AttributeChange change);

  /** Makes a hole; the size stays. At most {@link #MAX_PUNCH_BLOCKS} blocks a call. */
  Inode punchHole(InodeNumber file, long offset, long length, Timestamp now);

  /** Most blocks one {@link #punchHole} may touch, so that an operation stays bounded. */
  int MAX_PUNCH_BLOCKS = 1024;

  /**
   * Adds or replaces.
   *
   * @param mustExist ENODATA if absent
   * @param mustBeNew EEXIST if present
   */
  void setXattr(
      InodeNumber inode,
      Bytes sealedName,
      Bytes sealedValue,
      boolean mustBeNew,
      boolean mustExist,
      Timestamp now);

  void removeXattr(InodeNumber inode, Bytes sealedName, Timestamp now);

  /** The leases on inodes, which whoever changes something must hold exclusively. */
  Leases leases();

  /**
   * Advisory locks that other sessions see; for a session that was never alone, or no longer is.
   */
  SessionLocks locks();

  /** Has {@code user} told from now on what others do; once, before the session is used. */
  void attach(SessionUser user);

  /** Whether another session has told that it has the inode open. */
  boolean isOpenElsewhere(InodeNumber inode);

  /**
   * As {@link #forget}, by a session that need not hold a lease: goes to the log at once, and
   * changes nothing if the inode is not kept for this session.
   */
  void forgetOrphan(InodeNumber inode);

  /**
   * Gives up leases: as {@link #cut}, of the last changes before; when they are committed, others
   * may have them. To be called while nobody changes anything.
   *
   * @param ranges with what is kept of each
   * @param unchanged whether nothing in them waits for a cut as far as the caller knows: if so, and
   *     nothing does here, no cut need be waited for, and the one returned takes nothing with it
   * @return null if they were lost meanwhile
   */
  @Nullable
  Release release(List<LeaseRange> ranges, boolean unchanged);

  /**
   * Leases on their way to others.
   *
   * @param cut to be committed at once; with everything that was changed up to now, if it
   *     {@code takesChanges}
   */
  record Release(Cut cut, boolean takesChanges) {}

  /**
   * Ends the current batch: changes made before are in the returned cut, later ones in the next.
   * Cuts must be {@linkplain Cut#commit committed} in the order they were taken; taking one is
   * cheap and does not block.
   */
  Cut cut();

  /**
   * Bytes of changes made and not yet in a cut (a bound on the next entry's size), and how many.
   */
  long pendingBytes();

  int pendingOperations();

  /**
   * Whether a change that a program made is not committed. What the session does beside is upkeep:
   * access times, freeing what nobody refers to. Nobody misses it when it is lost.
   */
  boolean isOwed();

  /**
   * Blobs no extent refers to any more, oldest first; they may be deleted once {@link #dropGarbage}
   * committed.
   */
  List<BlobId> garbage(int max);

  /**
   * Forgets those of the blobs that are still unreferenced. Goes into the current batch like any
   * change.
   */
  void dropGarbage(List<BlobId> blobs);

  /** Whether committed metadata refers to the blob. */
  boolean isReferenced(BlobId blob);

  /** Hands the log the entries that were held back because an {@link EntryJournal} has them. */
  void push();

  /**
   * Returns unless the log waits for room: then changes are refused, and bytes should be, too, for
   * what cannot be committed only fills the disk further.
   *
   * @throws org.cairnfs.core.PosixException what the log waits for
   */
  void requireRoom();

  /** Whether committed metadata refers to the blob, or has it among its {@link #garbage}. */
  boolean isKnown(BlobId blob);

  /**
   * Frees a bounded number of extents of files truncated or removed earlier, as a change in the
   * current batch; one such step is under way at a time.
   *
   * @return whether a step was added: call again once its cut is committed, until it was not
   */
  boolean reclaimStep();

  /** Ends the session; what was not committed is lost. */
  @Override
  void close();
}
