package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Dentry;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.Needs;
import org.jspecify.annotations.Nullable;

/**
 * Lists directories. Stateless: a cookie says where to go on, whatever was listed before.
 *
 * <p>Entries come in the order of their sealed names, which look random. A cookie is the first 63
 * bits of one, so it stays right while entries come and go around it. Two entries of a directory of
 * a million share those bits with a probability of one in 10^7; then one of them can be left out of
 * a listing that is interrupted exactly between them.
 */
final class DirectoryReader {
  /** Cookies of {@code .} and {@code ..}; those of entries are larger. */
  private static final long DOT = 1;

  private static final long DOT_DOT = 2;

  private static final Bytes DOT_NAME = new Bytes(".".getBytes(StandardCharsets.US_ASCII));
  private static final Bytes DOT_DOT_NAME = new Bytes("..".getBytes(StandardCharsets.US_ASCII));
  private static final int SUFFIX_BYTES = 8;

  private final MetaSession session;
  private final ActiveFiles files;
  private final SealedNames names;

  DirectoryReader(MetaSession session, ActiveFiles files, SealedNames names) {
    this.session = session;
    this.files = files;
    this.names = names;
  }

  /** See {@link Vfs#readDirectory}. */
  List<DirectoryEntry> read(
      Needs needs, InodeNumber directory, long cookie, int max, boolean attributes) {
    needs.read(directory);
    List<DirectoryEntry> entries = new ArrayList<>();
    if (cookie < DOT_DOT) {
      Inode self = session.inode(directory);
      InodeNumber parent = self.parent();
      if (parent == null) {
        throw new PosixException(Errno.ENOTDIR, "list inode " + directory);
      }
      if (cookie < DOT) {
        entries.add(new DirectoryEntry(DOT_NAME, directory, FileMode.DIRECTORY, DOT, null));
      }
      entries.add(new DirectoryEntry(DOT_DOT_NAME, parent, FileMode.DIRECTORY, DOT_DOT, null));
    }
    Bytes after = cookie <= DOT_DOT ? null : afterCookie(cookie);
    for (Dentry dentry : session.list(directory, after, max)) {
      entries.add(new DirectoryEntry(
          names.open(directory, dentry.sealedName()),
          dentry.inode(),
          dentry.type(),
          cookie(dentry.sealedName()),
          attributes ? attributes(needs, dentry.inode()) : null));
    }
    return entries;
  }

  /** Null if another host has the lease, or they cannot be read: who asks for them is told why. */
  private @Nullable Inode attributes(Needs needs, InodeNumber inode) {
    if (!needs.readIfHeld(inode)) {
      return null;
    }
    try {
      return files.attributes(inode);
    } catch (PosixException e) {
      return null;
    }
  }

  private static long cookie(Bytes sealedName) {
    long word = ByteBuffer.wrap(Arrays.copyOf(sealedName.array(), Long.BYTES)).getLong();
    return Math.max(word >>> 1, DOT_DOT + 1);
  }

  /** A key after every name with that cookie. */
  private static Bytes afterCookie(long cookie) {
    byte[] key = new byte[Long.BYTES + SUFFIX_BYTES];
    Arrays.fill(key, (byte) 0xff);
    ByteBuffer.wrap(key).putLong(cookie << 1 | 1);
    return new Bytes(key);
  }
}
