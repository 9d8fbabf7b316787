package org.cairnfs.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Runtime;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.FileLock;
import ru.serce.jnrfuse.struct.Flock;

/**
 * Converts between {@code struct flock} (fcntl(2)) and {@link FileLock}. jnr-fuse's {@link Flock}
 * supplies the layout.
 */
final class LockWriter {
  static final int SIZE_BYTES = 64;

  private static final Flock LAYOUT =
      Flock.of(Memory.allocateDirect(Runtime.getSystemRuntime(), SIZE_BYTES, true));
  private static final long TYPE = LAYOUT.l_type.offset();
  private static final long WHENCE = LAYOUT.l_whence.offset();
  private static final long START = LAYOUT.l_start.offset();
  private static final long LENGTH = LAYOUT.l_len.offset();
  private static final long PID = LAYOUT.l_pid.offset();

  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final short SEEK_SET = 0;

  static FileLock read(long address) {
    FileLock.Kind kind = switch (NativeMemory.getShort(address + TYPE)) {
      case F_RDLCK -> FileLock.Kind.SHARED;
      case F_WRLCK -> FileLock.Kind.EXCLUSIVE;
      case F_UNLCK -> FileLock.Kind.UNLOCK;
      default -> throw new PosixException(Errno.EINVAL, "lock type");
    };
    long start = NativeMemory.getLong(address + START);
    long length = NativeMemory.getLong(address + LENGTH);
    // The kernel has resolved l_whence and negative lengths; a length of 0 means to the end of any
    // file.
    long end = length == 0 ? Long.MAX_VALUE : start + length - 1;
    if (start < 0 || end < start) {
      throw new PosixException(Errno.EINVAL, "lock range");
    }
    return new FileLock(kind, start, end, NativeMemory.getInt(address + PID));
  }

  static void write(long address, FileLock lock) {
    short type = switch (lock.kind()) {
      case SHARED -> F_RDLCK;
      case EXCLUSIVE -> F_WRLCK;
      case UNLOCK -> F_UNLCK;
    };
    boolean toTheEnd = lock.end() == Long.MAX_VALUE;
    NativeMemory.putShort(address + TYPE, type);
    NativeMemory.putShort(address + WHENCE, SEEK_SET);
    NativeMemory.putLong(address + START, lock.start());
    NativeMemory.putLong(address + LENGTH, toTheEnd ? 0 : lock.end() - lock.start() + 1);
    NativeMemory.putInt(address + PID, lock.pid());
  }

  private LockWriter() {}
}
