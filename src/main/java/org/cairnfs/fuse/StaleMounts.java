package org.cairnfs.fuse;

import java.nio.file.Path;

/**
 * Finds and removes what a node that died under its mount leaves behind. Thread-safe; needs no
 * libfuse.
 */
public final class StaleMounts {
  /**
   * Whether {@code directory} has a mount whose server is gone: "Transport endpoint is not
   * connected".
   */
  public static boolean isStale(Path directory) throws MountException {
    MountPoints mountPoints = new MountPoints(MountPoints.Host.system());
    return mountPoints.isStale(MountDirectory.locate(directory));
  }

  /** Takes such a mount away; programs that still have files open on it keep getting errors. */
  public static void detach(Path directory) throws MountException {
    MountPoints mountPoints = new MountPoints(MountPoints.Host.system());
    mountPoints.detach(MountDirectory.locate(directory));
  }

  private StaleMounts() {}
}
