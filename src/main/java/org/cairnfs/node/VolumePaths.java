package org.cairnfs.node;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;

/**
 * Walks paths of the volume as path_resolution(7) does, for commands that use it without a mount.
 *
 * <p>A path is bytes and starts at the root whether it begins with a slash or not. A symbolic link
 * to an absolute path means a file of the host, which is not in the volume: ENOENT. Thread-safe.
 */
final class VolumePaths {
  /** Most symbolic links followed in one walk, as Linux has it. */
  private static final int SYMLINKS_MAX = 40;

  /** Most bytes in a path, as PATH_MAX less the NUL. */
  private static final int PATH_MAX_BYTES = 4095;

  private static final Bytes DOT = new Bytes(new byte[] {'.'});
  private static final Bytes DOT_DOT = new Bytes(new byte[] {'.', '.'});

  /**
   * Where a path ends.
   *
   * @param parent the directory it is in; for the root, the root
   * @param name its name there; null if the path ends at a directory known otherwise (the root,
   *     {@code ..})
   * @param inode what is there; null if there is nothing
   */
  record Place(
      InodeNumber parent, @Nullable Bytes name, @Nullable Inode inode) {}

  private final Vfs vfs;

  VolumePaths(Vfs vfs) {
    this.vfs = vfs;
  }

  /**
   * Finds where the path ends; its last component may be absent, the others must be directories.
   */
  Place locate(byte[] path, boolean followLast) {
    Walk walk = new Walk(followLast);
    walk.push(path);
    return walk.run();
  }

  /** Finds what the path names; ENOENT if there is nothing. */
  Inode resolve(byte[] path, boolean followLast) {
    @Nullable Inode inode = locate(path, followLast).inode();
    if (inode == null) {
      throw new PosixException(Errno.ENOENT, "path");
    }
    return inode;
  }

  /** What is under that name, or null. */
  @Nullable
  Inode find(InodeNumber directory, Bytes name) {
    try {
      return vfs.lookup(directory, name);
    } catch (PosixException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  /** Whether that is one of the two names every listing begins with. */
  static boolean isDot(Bytes name) {
    return name.equals(DOT) || name.equals(DOT_DOT);
  }

  private final class Walk {
    private final boolean followLast;
    private final Deque<Bytes> left = new ArrayDeque<>();
    private Inode directory = vfs.attributes(InodeNumber.ROOT);
    private int symlinks;

    Walk(boolean followLast) {
      this.followLast = followLast;
    }

    /** Puts the components of a path before those that are left. */
    void push(byte[] path) {
      if (path.length > PATH_MAX_BYTES) {
        throw new PosixException(Errno.ENAMETOOLONG, "path of " + path.length + " bytes");
      }
      int end = path.length;
      while (end > 0) {
        int start = end;
        while (start > 0 && path[start - 1] != '/') {
          start--;
        }
        if (start < end) {
          left.addFirst(new Bytes(Arrays.copyOfRange(path, start, end)));
        }
        end = start - 1;
      }
    }

    Place run() {
      while (true) {
        @Nullable Bytes name = left.pollFirst();
        if (name == null) {
          return new Place(parentOf(directory), null, directory);
        } else if (name.equals(DOT)) {
          continue;
        } else if (name.equals(DOT_DOT)) {
          directory = vfs.attributes(parentOf(directory));
          continue;
        }
        @Nullable Inode child = find(directory.number(), name);
        if (child != null && FileMode.isSymlink(child.mode()) && (followLast || !left.isEmpty())) {
          follow(child);
        } else if (left.isEmpty()) {
          return new Place(directory.number(), name, child);
        } else {
          directory = requireDirectory(child);
        }
      }
    }

    private void follow(Inode symlink) {
      byte[] target = vfs.readSymlink(symlink.number()).array();
      if (++symlinks > SYMLINKS_MAX) {
        throw new PosixException(Errno.ELOOP, "path");
      }
      if (target.length == 0 || target[0] == '/') {
        throw new PosixException(Errno.ENOENT, "symbolic link out of the volume");
      }
      push(target);
    }
  }

  private static InodeNumber parentOf(Inode directory) {
    @Nullable InodeNumber parent = directory.parent();
    return parent == null ? directory.number() : parent;
  }

  /** What is there, which has to be a directory. */
  static Inode requireDirectory(@Nullable Inode inode) {
    if (inode == null) {
      throw new PosixException(Errno.ENOENT, "path");
    }
    if (!FileMode.isDirectory(inode.mode())) {
      throw new PosixException(Errno.ENOTDIR, "path");
    }
    return inode;
  }
}
