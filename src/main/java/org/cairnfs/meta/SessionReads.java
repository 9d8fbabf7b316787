package org.cairnfs.meta;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/** The reading half of a session, over the overlay. Thread-safe; waits for nobody. */
final class SessionReads {
  private final MetaReader reader;

  SessionReads(MetaReader reader) {
    this.reader = reader;
  }

  /** What could not be read or makes no sense becomes EIO for the program. */
  static PosixException unreadable(RuntimeException cause) {
    return new PosixException(Errno.EIO, "the metadata cannot be read", cause);
  }

  private static <T extends @Nullable Object> T guarded(Supplier<T> read) {
    try {
      return read.get();
    } catch (UncheckedIOException | CorruptMetadataException e) {
      throw unreadable(e);
    }
  }

  InodeRecord record(InodeNumber number) {
    return guarded(() -> require(number));
  }

  private InodeRecord require(InodeNumber number) {
    byte[] value = reader.get(MetaTable.INODE, Keys.number(number.value()));
    if (value == null) {
      throw new PosixException(Errno.ENOENT, "inode " + number);
    }
    return InodeRecord.decode(number.value(), value);
  }

  private void requireDirectory(InodeNumber number) {
    if (!require(number).isDirectory()) {
      throw new PosixException(Errno.ENOTDIR, "inode " + number);
    }
  }

  @Nullable
  Dentry lookup(InodeNumber directory, Bytes sealedName) {
    return guarded(() -> {
      byte[] value =
          reader.get(MetaTable.DENTRY, Keys.named(directory.value(), sealedName.array()));
      if (value == null) {
        requireDirectory(directory);
        return null;
      }
      return dentry(sealedName, value);
    });
  }

  private static Dentry dentry(Bytes sealedName, byte[] value) {
    DentryRecord dentry = DentryRecord.decode(value);
    return new Dentry(sealedName, new InodeNumber(dentry.inode()), dentry.type());
  }

  List<Dentry> list(InodeNumber directory, @Nullable Bytes after, int max) {
    return guarded(() -> {
      requireDirectory(directory);
      byte[] from = after == null
          ? Keys.number(directory.value())
          : Keys.after(Keys.named(directory.value(), after.array()));
      List<Dentry> entries = new ArrayList<>();
      reader.scan(
          MetaTable.DENTRY,
          from,
          Keys.endOf(directory.value()),
          max,
          (key, value) -> entries.add(dentry(new Bytes(Keys.nameOf(key)), value)));
      return entries;
    });
  }

  List<Extent> extents(InodeNumber file, long block, int from, int to) {
    return guarded(() -> {
      byte[] value = extents(file, block);
      return value == null ? List.of() : ExtentList.decode(value, from, to);
    });
  }

  int extentCount(InodeNumber file, long block) {
    return guarded(() -> {
      byte[] value = extents(file, block);
      return value == null ? 0 : ExtentList.count(value);
    });
  }

  private byte @Nullable [] extents(InodeNumber file, long block) {
    InodeRecord inode = require(file);
    return inode.mappedBlocks == 0
        ? null
        : reader.get(MetaTable.EXTENT, Keys.pair(inode.map, block));
  }

  OptionalLong nextMappedBlock(InodeNumber file, long block) {
    return guarded(() -> {
      InodeRecord inode = require(file);
      if (inode.mappedBlocks == 0) {
        return OptionalLong.empty();
      }
      List<byte[]> first = SpaceOps.firstKeys(
          reader, MetaTable.EXTENT, Keys.pair(inode.map, block), Keys.endOf(inode.map), 1);
      return first.isEmpty()
          ? OptionalLong.empty()
          : OptionalLong.of(Keys.secondNumber(first.get(0)));
    });
  }

  /**
   * Every {@code every}-th mapped block of the file from {@code from} on, in order: sizes to shrink
   * the file through, so that no step frees more than {@code every} blocks.
   */
  List<Long> milestones(InodeRecord inode, long from, int every) {
    return guarded(() -> {
      List<Long> milestones = new ArrayList<>();
      int[] seen = new int[1];
      reader.scan(
          MetaTable.EXTENT,
          Keys.pair(inode.map, from),
          Keys.endOf(inode.map),
          Integer.MAX_VALUE,
          (key, value) -> {
            if (++seen[0] % every == 0) {
              milestones.add(Keys.secondNumber(key));
            }
            return true;
          });
      return milestones;
    });
  }

  byte @Nullable [] xattr(InodeNumber inode, Bytes sealedName) {
    return guarded(() -> require(inode).xattrs == 0
        ? null
        : reader.get(MetaTable.XATTR, Keys.named(inode.value(), sealedName.array())));
  }

  List<Bytes> xattrNames(InodeNumber inode) {
    return guarded(() -> {
      if (require(inode).xattrs == 0) {
        return List.of();
      }
      List<Bytes> names = new ArrayList<>();
      reader.scan(
          MetaTable.XATTR,
          Keys.number(inode.value()),
          Keys.endOf(inode.value()),
          XattrOps.MAX_XATTRS,
          (key, value) -> names.add(new Bytes(Keys.nameOf(key))));
      return names;
    });
  }
}
