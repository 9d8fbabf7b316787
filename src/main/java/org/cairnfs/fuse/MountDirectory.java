package org.cairnfs.fuse;

import java.io.IOException;
import java.nio.file.Path;

/** The name that a directory to mount on has for the system. Needs no libfuse. */
public final class MountDirectory {
  /**
   * The absolute path without symbolic links, as far as there is something; also if a dead mount
   * sits at its end.
   */
  public static Path locate(Path directory) {
    Path absolute = directory.toAbsolutePath().normalize();
    try {
      return absolute.toRealPath();
    } catch (IOException dead) {
      return locateParent(absolute);
    }
  }

  private static Path locateParent(Path absolute) {
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (parent == null || name == null) {
      return absolute;
    }
    try {
      return parent.toRealPath().resolve(name);
    } catch (IOException missing) {
      return absolute;
    }
  }

  private MountDirectory() {}
}
