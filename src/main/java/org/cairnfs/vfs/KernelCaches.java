package org.cairnfs.vfs;

import java.time.Duration;
import org.cairnfs.core.InodeNumber;

/**
 * What the kernel keeps of this volume for the mounts of this host. Thread-safe.
 *
 * <p>Called on threads that wait for nothing else; {@link #invalidate} may block for as long as a
 * program reads or writes the inode.
 */
public interface KernelCaches {
  /**
   * Says whether other hosts use the volume, too. While they do, the kernel may believe names and
   * attributes only for the moment: mounts of now and later answer with a timeout of zero.
   *
   * @return for how long the kernel may still believe what it was told before this call
   */
  Duration setShared(boolean shared);

  /** Makes the kernel forget the attributes and pages of an inode it may have cached. */
  void invalidate(InodeNumber inode);

  /** Of a host without mounts. */
  KernelCaches NONE = new KernelCaches() {
    @Override
    public Duration setShared(boolean shared) {
      return Duration.ZERO;
    }

    @Override
    public void invalidate(InodeNumber inode) {
      // nothing is cached
    }
  };
}
