package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.DirectoryEntry;
import org.jspecify.annotations.Nullable;

/**
 * Appends directory entries as the kernel reads them: {@code struct fuse_dirent} and
 * {@code fuse_direntplus} of linux/fuse.h.
 *
 * <p>Instead of {@code fuse_add_direntry}, because jnr-ffi 2.2's direct calls on x86-64 pass a
 * wrong sixth argument, and because a listing has many entries.
 */
final class DirentWriter {
  /** What a {@code fuse_direntplus} has before its {@code fuse_dirent}. */
  static final int ATTRIBUTES_BYTES = 128;

  private static final int HEADER_BYTES = 24;
  private static final int ALIGNMENT_BYTES = 8;
  private static final int TYPE_SHIFT = 12;
  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * Appends at the position of {@code out}, which must have the machine's byte order.
   *
   * @return false, changing nothing, if it does not fit
   */
  static boolean append(ByteBuffer out, DirectoryEntry entry) {
    assert out.order() == ByteOrder.nativeOrder();
    byte[] name = entry.name().array();
    int unpadded = HEADER_BYTES + name.length;
    int size = (unpadded + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    if (size > out.remaining()) {
      return false;
    }
    out.putLong(entry.inode().value());
    out.putLong(entry.cookie());
    out.putInt(name.length);
    out.putInt(entry.type() >>> TYPE_SHIFT);
    out.put(name);
    for (int i = unpadded; i < size; i++) {
      out.put((byte) 0);
    }
    return true;
  }

  /**
   * The same with what a lookup of the name would answer, if the entry has attributes; else the
   * kernel looks the name up when it needs to.
   */
  static boolean appendWithAttributes(ByteBuffer out, DirectoryEntry entry, double timeoutSeconds) {
    int start = out.position();
    if (out.remaining() < ATTRIBUTES_BYTES) {
      return false;
    }
    out.position(start + ATTRIBUTES_BYTES);
    if (!append(out, entry)) {
      out.position(start);
      return false;
    }
    int end = out.position();
    putEntry(out.position(start), entry.attributes(), timeoutSeconds);
    out.position(end);
    return true;
  }

  /** {@code struct fuse_entry_out}. */
  private static void putEntry(ByteBuffer out, @Nullable Inode inode, double timeoutSeconds) {
    if (inode == null) {
      for (int i = 0; i < ATTRIBUTES_BYTES; i += Long.BYTES) {
        out.putLong(0);
      }
      return;
    }
    long seconds = (long) timeoutSeconds;
    int nanos = (int) ((timeoutSeconds - seconds) * NANOS_PER_SECOND);
    out.putLong(inode.number().value());
    out.putLong(EntryWriter.generation(inode));
    out.putLong(seconds).putLong(seconds);
    out.putInt(nanos).putInt(nanos);
    putAttributes(out, inode);
  }

  /** {@code struct fuse_attr}. */
  private static void putAttributes(ByteBuffer out, Inode inode) {
    Timestamp accessed = inode.accessed();
    Timestamp modified = inode.modified();
    Timestamp changed = inode.changed();
    out.putLong(inode.number().value());
    out.putLong(inode.sizeBytes());
    out.putLong(StatWriter.blocks(inode.allocatedBytes()));
    out.putLong(accessed.seconds()).putLong(modified.seconds()).putLong(changed.seconds());
    out.putInt(accessed.nanos()).putInt(modified.nanos()).putInt(changed.nanos());
    out.putInt(inode.mode());
    out.putInt(inode.links());
    out.putInt(inode.uid());
    out.putInt(inode.gid());
    out.putInt(inode.device());
    out.putInt(StatWriter.BLOCK_SIZE_BYTES);
    out.putInt(0);
  }

  private DirentWriter() {}
}
