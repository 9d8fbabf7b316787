package org.cairnfs.node;

import java.security.SecureRandom;
import org.cairnfs.fuse.FuseLibrary;

/** The ways to a node's volume. */
record VolumeAccess(
    Components.Volume volume, Mounts mounts, VolumeTransfers transfers, VolumeListing listing) {
  /** @param library loaded when the first mount needs it */
  static VolumeAccess to(
      Components.Volume volume, ParallelSteps.Step<FuseLibrary> library, SecureRandom random) {
    Mounts mounts = new Mounts(volume.vfs(), volume.caches(), library);
    return new VolumeAccess(
        volume,
        mounts,
        new VolumeTransfers(volume.vfs(), mounts::invalidate, random),
        new VolumeListing(volume.vfs()));
  }
}
