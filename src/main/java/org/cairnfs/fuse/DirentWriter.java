package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.cairnfs.vfs.DirectoryEntry;

/**
 * Appends directory entries as the kernel reads them: {@code struct fuse_dirent} of linux/fuse.h.
 *
 * <p>Instead of {@code fuse_add_direntry}, because jnr-ffi 2.2's direct calls on x86-64 pass a
 * wrong sixth argument, and because a listing has many entries.
 */
final class DirentWriter {
  private static final int HEADER_BYTES = 24;
  private static final int ALIGNMENT_BYTES = 8;
  private static final int TYPE_SHIFT = 12;

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

  private DirentWriter() {}
}
