package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import org.cairnfs.core.BlobFormat;

/**
 * The volume's working keys, one a purpose, derived from the master key with HKDF-SHA256 and
 * distinct info strings.
 *
 * <p>Thread-safe. Closing zeroes the keys kept here; cipher objects that sealers made of them live
 * until the sealers are collected, because the JDK offers no way to zero those.
 */
public final class VolumeKeys implements AutoCloseable {
  private static final String INFO_PREFIX = "cairn/1/";

  private final byte[] content64k;
  private final byte[] content16k;
  private final byte[] blockKeyWrap;
  private final byte[] name;
  private final byte[] xattr;

  private VolumeKeys(byte[] master) {
    content64k = subkey(master, "content");
    content16k = subkey(master, "content-16k");
    blockKeyWrap = subkey(master, "blockkey-wrap");
    name = subkey(master, "name");
    xattr = subkey(master, "xattr");
  }

  /** The keys of the volume with that master key, which may be closed afterwards. */
  public static VolumeKeys derive(MasterKey master) {
    byte[] bytes = master.copyBytes();
    try {
      return new VolumeKeys(bytes);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /**
   * Derives block keys from blocks. One a format, for a nonce depends on a frame's number alone,
   * and frames of one number are not the same bytes in all formats. Not a copy: read only.
   */
  byte[] content(BlobFormat format) {
    return switch (format) {
      case FRAMES_64K -> content64k;
      case FRAMES_16K -> content16k;
    };
  }

  /** Wraps block keys. Not a copy: read only. */
  byte[] blockKeyWrap() {
    return blockKeyWrap;
  }

  /** Seals file names and symlink targets. Not a copy: read only. */
  byte[] name() {
    return name;
  }

  /** Seals names and values of extended attributes. Not a copy: read only. */
  byte[] xattr() {
    return xattr;
  }

  @Override
  public void close() {
    Arrays.fill(content64k, (byte) 0);
    Arrays.fill(content16k, (byte) 0);
    Arrays.fill(blockKeyWrap, (byte) 0);
    Arrays.fill(name, (byte) 0);
    Arrays.fill(xattr, (byte) 0);
  }

  /** Says nothing of the keys. */
  @Override
  public String toString() {
    return "VolumeKeys[secret]";
  }

  private static byte[] subkey(byte[] master, String purpose) {
    return Hkdf.derive(
        master, new byte[0], (INFO_PREFIX + purpose).getBytes(US_ASCII), Primitives.KEY_BYTES);
  }
}
