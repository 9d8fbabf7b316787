package org.cairnfs.node;

import java.security.SecureRandom;
import org.cairnfs.fuse.FuseLibrary;

/** The ways to a node's volume. */
record VolumeAccess(
    Components.Volume volume, Mounts mounts, VolumeTransfers transfers, VolumeListing listing) {
  /**
   * @param library loaded when the first mount needs it
   * @param whenMounting called before each mount is made; does not block
   */
  static VolumeAccess to(
      Components.Volume volume,
      ParallelSteps.Step<FuseLibrary> library,
      Runnable whenMounting,
      SecureRandom random) {
    Mounts mounts = new Mounts(volume.vfs(), volume.caches(), library, whenMounting);
    return new VolumeAccess(
        volume,
        mounts,
        new VolumeTransfers(volume.vfs(), mounts::invalidate, random),
        new VolumeListing(volume.vfs()));
  }
}
