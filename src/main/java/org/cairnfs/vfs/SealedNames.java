package org.cairnfs.vfs;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.crypto.IntegrityException;
import org.cairnfs.crypto.NameSealer;

/**
 * Names, symlink targets and extended attributes on their way into and out of the metadata.
 * Thread-safe.
 */
final class SealedNames {
  private final NameSealer sealer;

  SealedNames(NameSealer sealer) {
    this.sealer = sealer;
  }

  /** @throws PosixException ENAMETOOLONG, or EINVAL for a name no directory can have */
  Bytes seal(InodeNumber directory, Bytes name) {
    if (name.length() > Limits.NAME_MAX_BYTES) {
      throw new PosixException(Errno.ENAMETOOLONG, "a name of " + name.length() + " bytes");
    }
    requireName(name);
    return sealer.sealName(directory, name);
  }

  /** @throws PosixException EIO if it was not sealed for this directory with this volume's key */
  Bytes open(InodeNumber directory, Bytes sealed) {
    return checked(() -> sealer.openName(directory, sealed));
  }

  Bytes sealTarget(Bytes target) {
    if (target.length() > Limits.SYMLINK_MAX_BYTES) {
      throw new PosixException(
          Errno.ENAMETOOLONG, "a symlink target of " + target.length() + " bytes");
    }
    return sealer.sealSymlinkTarget(target);
  }

  Bytes openTarget(Bytes sealed) {
    return checked(() -> sealer.openSymlinkTarget(sealed));
  }

  Bytes sealXattrName(InodeNumber inode, Bytes name) {
    if (name.length() > Limits.XATTR_NAME_MAX_BYTES || name.length() == 0) {
      throw new PosixException(Errno.ERANGE, "an attribute name of " + name.length() + " bytes");
    }
    return sealer.sealXattrName(inode, name);
  }

  Bytes openXattrName(InodeNumber inode, Bytes sealed) {
    return checked(() -> sealer.openXattrName(inode, sealed));
  }

  Bytes sealXattrValue(InodeNumber inode, Bytes name, Bytes value) {
    if (value.length() > Limits.XATTR_VALUE_MAX_BYTES) {
      throw new PosixException(Errno.E2BIG, "an attribute value of " + value.length() + " bytes");
    }
    return sealer.sealXattrValue(inode, name, value);
  }

  Bytes openXattrValue(InodeNumber inode, Bytes name, Bytes sealed) {
    return checked(() -> sealer.openXattrValue(inode, name, sealed));
  }

  private static void requireName(Bytes name) {
    byte[] bytes = name.array();
    boolean dots = bytes.length == 0
        || (bytes[0] == '.' && (bytes.length == 1 || (bytes.length == 2 && bytes[1] == '.')));
    if (dots) {
      throw new PosixException(Errno.EINVAL, "not a name of an entry");
    }
    for (byte b : bytes) {
      if (b == 0 || b == '/') {
        throw new PosixException(Errno.EINVAL, "a name with a slash or a NUL");
      }
    }
  }

  private interface Opening {
    Bytes open() throws IntegrityException;
  }

  private static Bytes checked(Opening opening) {
    try {
      return opening.open();
    } catch (IntegrityException e) {
      throw new PosixException(Errno.EIO, "a name or attribute fails verification", e);
    }
  }
}
