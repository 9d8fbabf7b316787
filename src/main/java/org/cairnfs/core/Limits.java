package org.cairnfs.core;

/** The sizes that are part of the formats and the contract, each in one place. */
public final class Limits {
  /** A full block of a file's plaintext; blocks are aligned to it. */
  public static final int BLOCK_SIZE_BYTES = 1 << 20;

  /** Longest file name, in bytes before sealing (NAME_MAX). */
  public static final int NAME_MAX_BYTES = 255;

  /** Longest symlink target, in bytes before sealing (PATH_MAX less the NUL). */
  public static final int SYMLINK_MAX_BYTES = 4095;

  /** Longest value of an extended attribute (XATTR_SIZE_MAX). */
  public static final int XATTR_VALUE_MAX_BYTES = 64 << 10;

  /** Longest name of an extended attribute (XATTR_NAME_MAX). */
  public static final int XATTR_NAME_MAX_BYTES = 255;

  /** Most links one inode may have. */
  public static final int LINK_MAX = 65_000;

  /** Largest file: 2^53 bytes (8 PiB), so that block numbers and sums stay far from overflow. */
  public static final long FILE_SIZE_MAX_BYTES = 1L << 53;

  private Limits() {}
}
