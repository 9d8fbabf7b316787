package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;

/**
 * Seals the small strings of the metadata: file names, symlink targets, names and values of
 * extended attributes.
 *
 * <p>Deterministic AES-256-GCM-SIV (RFC 8452) with a fixed nonce: the same name in the same
 * directory always seals to the same bytes, so lookups work on sealed names. The associated data
 * binds each string to its place; a sealed string moved elsewhere does not open. What equality
 * tells an observer is in docs/formats.md. A sealed string is 16 bytes longer than the plain one.
 *
 * <p>Thread-safe; never blocks. Lengths are the caller's to check.
 */
public final class NameSealer {
  private static final byte[] FIXED_NONCE = new byte[12];

  /** Of another length than an inode number, so that no name can be taken for a target. */
  private static final byte[] SYMLINK_PURPOSE = "cairn/1/symlink-target".getBytes(US_ASCII);

  private final ThreadLocal<SivCipher> nameCiphers;
  private final ThreadLocal<SivCipher> xattrCiphers;

  public NameSealer(VolumeKeys keys) {
    this(keys, Primitives.fastest());
  }

  NameSealer(VolumeKeys keys, Primitives primitives) {
    byte[] nameKey = keys.name().clone();
    byte[] xattrKey = keys.xattr().clone();
    nameCiphers = ThreadLocal.withInitial(() -> SivCipher.of(primitives, nameKey, FIXED_NONCE));
    xattrCiphers = ThreadLocal.withInitial(() -> SivCipher.of(primitives, xattrKey, FIXED_NONCE));
  }

  /** Seals a name in the directory {@code parent}. */
  public Bytes sealName(InodeNumber parent, Bytes name) {
    return nameCiphers.get().seal(inodeBytes(parent), name);
  }

  /**
   * Opens what {@link #sealName} made for the same directory.
   *
   * @throws IntegrityException if it is anything else
   */
  public Bytes openName(InodeNumber parent, Bytes sealed) throws IntegrityException {
    return nameCiphers.get().open(inodeBytes(parent), sealed);
  }

  /**
   * Seals a symlink's target. Not bound to the inode: it is sealed before the inode has a number.
   */
  public Bytes sealSymlinkTarget(Bytes target) {
    return nameCiphers.get().seal(SYMLINK_PURPOSE, target);
  }

  /**
   * Opens what {@link #sealSymlinkTarget} made.
   *
   * @throws IntegrityException if it is anything else
   */
  public Bytes openSymlinkTarget(Bytes sealed) throws IntegrityException {
    return nameCiphers.get().open(SYMLINK_PURPOSE, sealed);
  }

  /** Seals the name of an extended attribute of {@code inode}. */
  public Bytes sealXattrName(InodeNumber inode, Bytes name) {
    return xattrCiphers.get().seal(inodeBytes(inode), name);
  }

  /**
   * Opens what {@link #sealXattrName} made for the same inode.
   *
   * @throws IntegrityException if it is anything else
   */
  public Bytes openXattrName(InodeNumber inode, Bytes sealed) throws IntegrityException {
    return xattrCiphers.get().open(inodeBytes(inode), sealed);
  }

  /**
   * Seals the value of an extended attribute.
   *
   * @param name the attribute's plain name, not empty
   * @param value may be empty
   */
  public Bytes sealXattrValue(InodeNumber inode, Bytes name, Bytes value) {
    return xattrCiphers.get().seal(attributeBytes(inode, name), value);
  }

  /**
   * Opens what {@link #sealXattrValue} made for the same inode and name.
   *
   * @throws IntegrityException if it is anything else
   */
  public Bytes openXattrValue(InodeNumber inode, Bytes name, Bytes sealed)
      throws IntegrityException {
    return xattrCiphers.get().open(attributeBytes(inode, name), sealed);
  }

  private static byte[] inodeBytes(InodeNumber inode) {
    long value = inode.value();
    byte[] bytes = new byte[Long.BYTES];
    for (int i = Long.BYTES - 1; i >= 0; i--) {
      bytes[i] = (byte) value;
      value >>>= Byte.SIZE;
    }
    return bytes;
  }

  /** Longer than an inode number alone, so that no attribute's name can be taken for a value. */
  private static byte[] attributeBytes(InodeNumber inode, Bytes name) {
    if (name.length() == 0) {
      throw new IllegalArgumentException("an attribute's name is not empty");
    }
    byte[] bytes = Arrays.copyOf(inodeBytes(inode), Long.BYTES + name.length());
    ByteBuffer.wrap(bytes).position(Long.BYTES).put(name.array());
    return bytes;
  }
}
