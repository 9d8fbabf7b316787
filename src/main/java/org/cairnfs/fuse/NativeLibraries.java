package org.cairnfs.fuse;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.In;

/**
 * The C functions that are called, with every pointer, size and offset as a {@code long}:
 * primitives are what jnr-ffi turns into direct calls without conversion objects. No function with
 * more than five of them: jnr-ffi 2.2 passes a wrong sixth on x86-64.
 *
 * <p>The interfaces are public, inside a class that is not, because jnr-ffi's generated classes
 * live in another package.
 */
final class NativeLibraries {
  /**
   * From {@code fuse_lowlevel.h}, {@code fuse_common.h} and {@code fuse_opt.h} of libfuse 2.9;
   * errors are negative results.
   */
  @IgnoreError
  public interface LibFuse {
    /** Mounts; answers a channel, or 0 after writing the reason to standard error. */
    long fuse_mount(long mountPoint, long args);

    void fuse_unmount(long mountPoint, long channel);

    void fuse_opt_free_args(long args);

    long fuse_lowlevel_new(long args, long operations, long operationsSize, long userData);

    void fuse_session_add_chan(long session, long channel);

    void fuse_session_destroy(long session);

    int fuse_chan_fd(long channel);

    long fuse_chan_new(long operations, int descriptor, long bufferSize, long data);

    void fuse_chan_destroy(long channel);

    /**
     * Blocks for one request; answers its length, 0 once the session is over, or a negated errno.
     */
    int fuse_chan_recv(long channelReference, long buffer, long size);

    void fuse_session_process(long session, long buffer, long length, long channel);

    int fuse_reply_err(long request, int errno);

    int fuse_reply_entry(long request, long entry);

    int fuse_reply_create(long request, long entry, long fileInfo);

    int fuse_reply_attr(long request, long stat, double timeoutSeconds);

    int fuse_reply_open(long request, long fileInfo);

    int fuse_reply_write(long request, long count);

    int fuse_reply_buf(long request, long buffer, long size);

    int fuse_reply_statfs(long request, long statvfs);

    int fuse_reply_xattr(long request, long count);

    int fuse_reply_lock(long request, long flock);

    long fuse_req_ctx(long request);

    void fuse_req_interrupt_func(long request, long function, long data);

    int fuse_lowlevel_notify_inval_inode(long channel, long inode, long offset, long length);

    int fuse_lowlevel_notify_store(
        long channel, long inode, long offset, long bufferVector, int flags);

    int fuse_lowlevel_notify_inval_entry(long channel, long parent, long name, long nameLength);
  }

  /**
   * From the C library; {@code errno} is read from the runtime afterwards. Paths end with a NUL.
   */
  public interface LibC {
    int umount2(@In byte[] target, int flags);

    int statvfs(@In byte[] path, long statvfs);

    int geteuid();

    long write(int descriptor, long address, long length);
  }

  private static final class LibCHolder {
    static final LibC LIB_C = LibraryLoader.create(LibC.class).failImmediately().load("c");
  }

  static LibC libC() {
    return LibCHolder.LIB_C;
  }

  /** The errno of the last call of {@link #libC} on this thread. */
  static int lastErrno() {
    return Runtime.getSystemRuntime().getLastError();
  }

  /**
   * Writes all of it in one write(2), as the kernel's FUSE device wants; answers 0 or a negated
   * errno.
   */
  static int write(int descriptor, long address, int length) {
    return libC().write(descriptor, address, length) == length ? 0 : -lastErrno();
  }

  private NativeLibraries() {}
}
