package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.jspecify.annotations.Nullable;

/**
 * A POSIX filesystem of inodes and single names (never paths).
 *
 * <p>Thread-safe. Failures are {@link org.cairnfs.core.PosixException}. Calls may block on disk for
 * a bounded time; only {@link #lock} and {@link #flock} may wait for other programs, and they do so
 * without holding a thread.
 */
public interface Vfs {
  /** ENOENT when there is no such entry. {@code .} and {@code ..} are not names here. */
  Inode lookup(InodeNumber directory, Bytes name);

  Inode attributes(InodeNumber inode);

  /** Sets attributes; the ctime in {@code change} is replaced by the current time. */
  Inode setAttributes(InodeNumber inode, AttributeChange change);

  /** The current time, for UTIME_NOW. */
  Timestamp now();

  Bytes readSymlink(InodeNumber symlink);

  /**
   * mknod(2) and mkdir(2): {@code mode} holds the type bits and the permissions with umask applied.
   */
  Inode makeNode(Caller caller, InodeNumber parent, Bytes name, int mode, int device);

  Inode makeSymlink(Caller caller, InodeNumber parent, Bytes name, Bytes target);

  Inode link(InodeNumber inode, InodeNumber newParent, Bytes newName);

  void unlink(InodeNumber parent, Bytes name);

  void removeDirectory(InodeNumber parent, Bytes name);

  void rename(InodeNumber parent, Bytes name, InodeNumber newParent, Bytes newName);

  /**
   * Opens a regular file.
   *
   * @param truncate as O_TRUNC
   */
  Opened open(InodeNumber inode, boolean read, boolean write, boolean truncate);

  /** Creates a regular file under a free name and opens it (EEXIST otherwise). */
  Opened create(Caller caller, InodeNumber parent, Bytes name, int mode);

  /**
   * Reads up to {@code into.remaining()} bytes; fewer only at the end of the file. The position
   * moves past what was read.
   */
  void read(long handle, long offset, ByteBuffer into);

  /**
   * Reads all of a file as long as nobody else has it open, and then calls {@code use}, while
   * nobody can change the file or open it. For what must not come later than a change.
   *
   * @return false, and {@code use} is not called, if the file is open elsewhere too, has more bytes
   *     than {@code into} has room for, may have been changed by another host, or has bytes that
   *     only another host has, for which others who open files would have to wait
   */
  boolean readUndisturbed(long handle, ByteBuffer into, Runnable use);

  /**
   * A program has read the file, listed the directory or followed the symlink: moves the access
   * time as relatime does.
   */
  void accessed(InodeNumber inode);

  /**
   * Writes all of {@code from}, or fails.
   *
   * @param append as O_APPEND: goes to the end of the file, whatever {@code offset} says (the
   *     kernel writes back mapped pages through any handle it has, so this is not a property of the
   *     handle)
   */
  void write(long handle, long offset, boolean append, ByteBuffer from);

  /**
   * close(2) of one descriptor: reports a write-back error not yet reported, releases
   * {@code lockOwner}'s POSIX locks.
   */
  void flush(long handle, long lockOwner);

  /** The last descriptor is gone: releases the handle and its flock. */
  void release(long handle, long lockOwner, boolean flockRelease);

  /** Returns when data and metadata of the file, and all that was done before, are durable. */
  void fsync(long handle);

  /** As {@link #fsync} of everything: before an unmount, and for who has nothing open. */
  void sync();

  /** As {@link #fsync} of an open directory. */
  void syncDirectory(long handle);

  /**
   * Allocation is a promise of space, not of layout: checks it and sets the size unless
   * {@code keepSize}.
   */
  void allocate(long handle, long offset, long length, boolean keepSize);

  /** FALLOC_FL_PUNCH_HOLE. */
  void punchHole(long handle, long offset, long length);

  /**
   * copy_file_range(2), of no more than can be done at once without moving bytes.
   *
   * @return how many bytes were copied; 0 only at or behind the end of the source
   * @throws org.cairnfs.core.PosixException EOPNOTSUPP, and nothing is done, if these bytes are
   *     better read and written
   */
  long copyRange(long from, long fromOffset, long to, long toOffset, long length);

  long openDirectory(InodeNumber directory);

  /**
   * The next entries after {@code cookie} (0: from the start, beginning with {@code .} and
   * {@code ..}); empty at the end. Entries made or removed meanwhile may or may not be seen; every
   * other entry is seen once.
   *
   * @param attributes whether to tell those of the inodes, too, as far as no other host has to be
   *     asked
   */
  List<DirectoryEntry> readDirectory(long handle, long cookie, int max, boolean attributes);

  void releaseDirectory(long handle);

  byte @Nullable [] xattr(InodeNumber inode, Bytes name);

  List<Bytes> xattrNames(InodeNumber inode);

  void setXattr(InodeNumber inode, Bytes name, Bytes value, boolean mustBeNew, boolean mustExist);

  void removeXattr(InodeNumber inode, Bytes name);

  VolumeStat stat();

  /** F_GETLK: a lock that stands in the way of {@code wanted}, or null. */
  @Nullable
  FileLock conflictingLock(long handle, long lockOwner, FileLock wanted);

  /**
   * F_SETLK and F_SETLKW: completes when held; EAGAIN at once without {@code wait}; cancel the
   * future to give up (EINTR).
   */
  CompletableFuture<Void> lock(long handle, long lockOwner, FileLock wanted, boolean wait);

  /** flock(2) of the open file, as {@link #lock}. */
  CompletableFuture<Void> flock(long handle, long lockOwner, FileLock.Kind kind, boolean wait);
}
