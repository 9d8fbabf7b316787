package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * An inode as the tables hold it: what {@link Inode} shows, and the bookkeeping of its extents and
 * attributes.
 *
 * <p>Mutable, so that an operation changes a copy it decoded and encodes it once. Not thread-safe.
 */
final class InodeRecord {
  private static final int VERSION = 1;

  private static final int FIXED_BYTES = 103;

  final long number;
  int mode;
  int uid;
  int gid;
  int links;
  long sizeBytes;
  long allocatedBytes;
  int device;
  Timestamp accessed;
  Timestamp modified;
  Timestamp changed;

  /** The extent map of a regular file: the first half of its keys in EXTENT. */
  long map;

  /** Rows the map has in EXTENT. */
  long mappedBlocks;

  /** Rows the inode has in XATTR. */
  int xattrs;

  /** Of a directory, the directory it is in; otherwise 0. */
  long parent;

  @Nullable
  Bytes symlinkTarget;

  InodeRecord(long number, int mode, Timestamp now) {
    this.number = number;
    this.mode = mode;
    this.accessed = now;
    this.modified = now;
    this.changed = now;
    this.map = number;
  }

  static InodeRecord decode(long number, byte[] value) {
    ByteBuffer in = Records.open("inode", value, VERSION, FIXED_BYTES);
    InodeRecord inode = new InodeRecord(number, in.getInt());
    inode.uid = in.getInt();
    inode.gid = in.getInt();
    inode.links = in.getInt();
    inode.sizeBytes = in.getLong();
    inode.allocatedBytes = in.getLong();
    inode.device = in.getInt();
    inode.accessed = Times.read(in);
    inode.modified = Times.read(in);
    inode.changed = Times.read(in);
    inode.map = in.getLong();
    inode.mappedBlocks = in.getLong();
    inode.xattrs = in.getInt();
    inode.parent = in.getLong();
    byte[] target = new byte[Short.toUnsignedInt(in.getShort())];
    if (in.remaining() != target.length) {
      throw new CorruptMetadataException(
          "inode record with a symlink target of another length than it says");
    }
    if (target.length > 0) {
      in.get(target);
      inode.symlinkTarget = new Bytes(target);
    }
    return inode;
  }

  private InodeRecord(long number, int mode) {
    this(number, mode, new Timestamp(0, 0));
  }

  byte[] encode() {
    Bytes target = symlinkTarget;
    int targetBytes = target == null ? 0 : target.length();
    ByteBuffer out = ByteBuffer.allocate(FIXED_BYTES + targetBytes);
    out.put((byte) VERSION).putInt(mode).putInt(uid).putInt(gid).putInt(links);
    out.putLong(sizeBytes).putLong(allocatedBytes).putInt(device);
    put(out, accessed);
    put(out, modified);
    put(out, changed);
    out.putLong(map).putLong(mappedBlocks).putInt(xattrs).putLong(parent);
    out.putShort((short) targetBytes);
    if (target != null) {
      out.put(target.array());
    }
    return out.array();
  }

  boolean isDirectory() {
    return FileMode.isDirectory(mode);
  }

  boolean isRegular() {
    return FileMode.isRegular(mode);
  }

  /** Moves the ctime to {@code now} unless it is later already. */
  void touchChanged(Timestamp now) {
    changed = Timestamp.max(changed, now);
  }

  /** A directory's entries changed. */
  void touchEntries(Timestamp now, int entriesDelta) {
    sizeBytes += entriesDelta;
    modified = now;
    touchChanged(now);
  }

  Inode toInode() {
    return new Inode(
        new InodeNumber(number),
        mode,
        uid,
        gid,
        links,
        sizeBytes,
        allocatedBytes,
        device,
        accessed,
        modified,
        changed,
        isDirectory() ? new InodeNumber(parent) : null,
        symlinkTarget);
  }

  private static void put(ByteBuffer out, Timestamp time) {
    out.putLong(time.seconds()).putInt(time.nanos());
  }
}
