package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;

/**
 * Reads and writes native memory by absolute address, in the machine's byte order.
 *
 * <p>One pointer to address 0 serves for all addresses, so no pointer object is made per access.
 * Nothing is checked: an address must come from libfuse or from memory the caller owns.
 */
final class NativeMemory {
  private static final Pointer ALL = Pointer.wrap(Runtime.getSystemRuntime(), 0L);

  static short getShort(long address) {
    return ALL.getShort(address);
  }

  static int getInt(long address) {
    return ALL.getInt(address);
  }

  static long getLong(long address) {
    return ALL.getLongLong(address);
  }

  static void putByte(long address, byte value) {
    ALL.putByte(address, value);
  }

  static void putShort(long address, short value) {
    ALL.putShort(address, value);
  }

  static void putInt(long address, int value) {
    ALL.putInt(address, value);
  }

  static void putLong(long address, long value) {
    ALL.putLongLong(address, value);
  }

  static void putDouble(long address, double value) {
    ALL.putDouble(address, value);
  }

  /** Copies all of {@code bytes} to {@code address}. */
  static void putBytes(long address, byte[] bytes) {
    ALL.put(address, bytes, 0, bytes.length);
  }

  /** Copies {@code length} bytes into a new array. */
  static byte[] getBytes(long address, int length) {
    byte[] bytes = new byte[length];
    ALL.get(address, bytes, 0, length);
    return bytes;
  }

  /** Sets {@code length} bytes to zero. */
  static void clear(long address, long length) {
    ALL.setMemory(address, length, (byte) 0);
  }

  /**
   * A copy of the NUL-terminated string at {@code address}.
   *
   * @throws PosixException with {@code tooLong} if it has more than {@code limitBytes} bytes
   */
  static Bytes getString(long address, int limitBytes, Errno tooLong) {
    int length = 0;
    while (ALL.getByte(address + length) != 0) {
      if (++length > limitBytes) {
        throw new PosixException(tooLong, "a string of more than " + limitBytes + " bytes");
      }
    }
    return new Bytes(getBytes(address, length));
  }

  /** The file name at {@code address}; ENAMETOOLONG beyond NAME_MAX. */
  static Bytes getName(long address) {
    return getString(address, Limits.NAME_MAX_BYTES, Errno.ENAMETOOLONG);
  }

  /** Where the first byte of a direct buffer is; valid as long as the buffer is reachable. */
  static long addressOf(ByteBuffer direct) {
    return Pointer.wrap(Runtime.getSystemRuntime(), direct.duplicate().clear()).address();
  }

  private NativeMemory() {}
}
