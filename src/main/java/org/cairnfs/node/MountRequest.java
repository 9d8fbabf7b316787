package org.cairnfs.node;

import java.nio.file.Path;
import java.util.List;
import org.cairnfs.fuse.MountDirectory;

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

  /** The absolute path without symbolic links, as {@link MountDirectory} has it. */
  public static Path resolve(Path directory) {
    return MountDirectory.locate(directory);
  }
}
