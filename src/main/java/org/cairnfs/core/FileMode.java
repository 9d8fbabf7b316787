package org.cairnfs.core;

/** The bits of {@code st_mode} (inode(7)): a type and twelve permission bits. */
public final class FileMode {
  public static final int TYPE_MASK = 0170000;
  public static final int SOCKET = 0140000;
  public static final int SYMLINK = 0120000;
  public static final int REGULAR = 0100000;
  public static final int BLOCK_DEVICE = 0060000;
  public static final int DIRECTORY = 0040000;
  public static final int CHARACTER_DEVICE = 0020000;
  public static final int FIFO = 0010000;

  public static final int SET_UID = 04000;
  public static final int SET_GID = 02000;
  public static final int STICKY = 01000;
  public static final int PERMISSION_MASK = 07777;

  /** Whether the type bits of {@code mode} say directory. */
  public static boolean isDirectory(int mode) {
    return (mode & TYPE_MASK) == DIRECTORY;
  }

  /** Whether the type bits of {@code mode} say regular file. */
  public static boolean isRegular(int mode) {
    return (mode & TYPE_MASK) == REGULAR;
  }

  /** Whether the type bits of {@code mode} say symbolic link. */
  public static boolean isSymlink(int mode) {
    return (mode & TYPE_MASK) == SYMLINK;
  }

  private FileMode() {}
}
