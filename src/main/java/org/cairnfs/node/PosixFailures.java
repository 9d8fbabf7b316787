package org.cairnfs.node;

import org.cairnfs.core.PosixException;
import org.cairnfs.node.home.OperatorException;

/** Says what an errno means for the person who gave a command. */
final class PosixFailures {
  /** An explained failure; {@code what} says what could not be done, naming the path. */
  static OperatorException explain(String what, PosixException failure) {
    return new OperatorException(what + ": " + reason(failure), remedy(failure), failure);
  }

  private static String reason(PosixException failure) {
    return switch (failure.errno()) {
      case ENOENT -> "no such file or directory in the volume";
      case ENOTDIR -> "a component of the path is not a directory";
      case EISDIR -> "it is a directory";
      case EEXIST -> "it exists already";
      case ENOTEMPTY -> "the directory is not empty";
      case ENAMETOOLONG -> "a name in it is too long";
      case ENOSPC -> "no space left for the volume";
      case EFBIG -> "the file would be too large";
      case ELOOP -> "too many symbolic links";
      case EINVAL -> "it is not a regular file";
      case EBUSY -> "it cannot be removed";
      case EIO -> "its data cannot be read or written";
      case EROFS -> "the volume is read-only";
      default -> failure.errno().toString();
    };
  }

  private static String remedy(PosixException failure) {
    return switch (failure.errno()) {
      case ENOENT, ENOTDIR ->
        "List what is there with `cairn ls`; `cairn put -p` makes missing directories.";
      case EISDIR -> "Name a file in it, or use `cairn rm -r` to remove it with everything in it.";
      case ENAMETOOLONG -> "A name has at most 255 bytes, a path 4095.";
      case ENOSPC -> "Free some space on the disk of the home, or remove files from the volume.";
      case EINVAL -> "Only regular files can be moved in and out; mount the volume for the others.";
      case EIO -> "The node's log says which blob is affected and why.";
      default -> "Check the path.";
    };
  }

  private PosixFailures() {}
}
