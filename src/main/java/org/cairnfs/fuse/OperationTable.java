package org.cairnfs.fuse;

import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.provider.ClosureManager;

/**
 * A {@code struct fuse_lowlevel_ops} whose function pointers are Java closures.
 *
 * <p>Keeps the callbacks reachable: jnr-ffi frees a closure whose Java object is gone, and libfuse
 * would then call into nothing. The table itself must therefore stay reachable for as long as its
 * session lives. Filled by one thread, read-only afterwards.
 */
final class OperationTable {
  /**
   * The members that are used, by their index in {@code fuse_lowlevel.h}; the others stay null: not
   * implemented.
   */
  enum Slot {
    INIT(0),
    LOOKUP(2),
    GETATTR(4),
    SETATTR(5),
    READLINK(6),
    MKNOD(7),
    MKDIR(8),
    UNLINK(9),
    RMDIR(10),
    SYMLINK(11),
    RENAME(12),
    LINK(13),
    OPEN(14),
    READ(15),
    WRITE(16),
    FLUSH(17),
    RELEASE(18),
    FSYNC(19),
    OPENDIR(20),
    READDIR(21),
    RELEASEDIR(22),
    FSYNCDIR(23),
    STATFS(24),
    SETXATTR(25),
    GETXATTR(26),
    LISTXATTR(27),
    REMOVEXATTR(28),
    CREATE(30),
    GETLK(31),
    SETLK(32),
    FLOCK(39),
    FALLOCATE(40);

    private final int index;

    Slot(int index) {
      this.index = index;
    }
  }

  private static final int MEMBERS = 41;

  private final ClosureManager closures;
  private final Pointer memory;
  private final List<Object> callbacks = new ArrayList<>();

  OperationTable(Runtime runtime) {
    this.closures = runtime.getClosureManager();
    this.memory = Memory.allocateDirect(runtime, (int) sizeBytes(), true);
  }

  /**
   * Fills one member; {@code shape} is the interface in {@link Callbacks} with the member's
   * signature.
   */
  <T> void set(Slot slot, Class<T> shape, T callback) {
    memory.putAddress((long) slot.index * Long.BYTES, function(shape, callback).address());
  }

  /** A C function that calls {@code callback}, as long as this table is reachable. */
  <T> Pointer function(Class<T> shape, T callback) {
    Pointer function = closures.getClosurePointer(shape, callback);
    callbacks.add(callback);
    callbacks.add(function);
    return function;
  }

  long address() {
    return memory.address();
  }

  static long sizeBytes() {
    return (long) MEMBERS * Long.BYTES;
  }
}
