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
   * Says for how long at most the kernel may believe names and attributes that mounts, of now and
   * later, tell it from now on.
   *
   * @return for how long it may still believe what it was told before this call
   */
  Duration setTimeout(Duration most);

  /** Makes the kernel forget the attributes and pages of an inode it may have cached. */
  void invalidate(InodeNumber inode);

  /** Of a host without mounts. */
  KernelCaches NONE = new KernelCaches() {
    @Override
    public Duration setTimeout(Duration most) {
      return Duration.ZERO;
    }

    @Override
    public void invalidate(InodeNumber inode) {
      // nothing is cached
    }
  };
}
