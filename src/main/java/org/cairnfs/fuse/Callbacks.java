package org.cairnfs.fuse;

import jnr.ffi.annotations.Delegate;

/**
 * The C signatures of libfuse's low-level operations, one interface a shape.
 *
 * <p>Named by the parameters: P is anything 64 bits wide (pointer, inode number, size, offset), I
 * an int. Only primitives, so that the closures jnr-ffi makes of them convert and allocate nothing.
 * Public for the sake of the generated classes.
 */
final class Callbacks {
  /** readlink, statfs, init, and the interrupt callback. */
  public interface PP {
    @Delegate
    void call(long a, long b);
  }

  /**
   * lookup, getattr, unlink, rmdir, open, flush, release, opendir, releasedir, listxattr,
   * removexattr.
   */
  public interface PPP {
    @Delegate
    void call(long a, long b, long c);
  }

  /** symlink, link, getxattr, getlk. */
  public interface PPPP {
    @Delegate
    void call(long a, long b, long c, long d);
  }

  /** mkdir, flock. */
  public interface PPPI {
    @Delegate
    void call(long a, long b, long c, int d);
  }

  /** fsync, fsyncdir. */
  public interface PPIP {
    @Delegate
    void call(long a, long b, int c, long d);
  }

  /** rename, read. */
  public interface PPPPP {
    @Delegate
    void call(long a, long b, long c, long d, long e);
  }

  /** mknod, setattr, create. */
  public interface PPPIP {
    @Delegate
    void call(long a, long b, long c, int d, long e);
  }

  /** setlk. */
  public interface PPPPI {
    @Delegate
    void call(long a, long b, long c, long d, int e);
  }

  /** write. */
  public interface PPPPPP {
    @Delegate
    void call(long a, long b, long c, long d, long e, long f);
  }

  /** setxattr. */
  public interface PPPPPI {
    @Delegate
    void call(long a, long b, long c, long d, long e, int f);
  }

  /** fallocate. */
  public interface PPIPPP {
    @Delegate
    void call(long a, long b, int c, long d, long e, long f);
  }

  /**
   * The send function of a channel: channel, vector and its length; answers 0 or a negated errno.
   */
  public interface SendPPP {
    @Delegate
    int call(long a, long b, long c);
  }

  private Callbacks() {}
}
