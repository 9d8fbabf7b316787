package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A wish to have the volume mounted.
 *
 * @param directory where: absolute and without symbolic links, as {@link #of} makes it
 * @param options what follows {@code -o}, each possibly several separated by commas
 */
public record MountRequest(Path directory, List<String> options) {
  public MountRequest {
    options = List.copyOf(options);
  }

  /** The wish to have it at a directory however named, which need not exist. */
  public static MountRequest of(Path directory, List<String> options) {
    return new MountRequest(resolve(directory), options);
  }

  /**
   * The absolute path without symbolic links, as far as there is something; also if a dead mount
   * sits at its end.
   */
  public static Path resolve(Path directory) {
    Path absolute = directory.toAbsolutePath().normalize();
    try {
      return absolute.toRealPath();
    } catch (IOException unreachable) {
      return resolveParent(absolute);
    }
  }

  private static Path resolveParent(Path absolute) {
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
}
