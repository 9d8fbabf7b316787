package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.cairnfs.fuse.NativeLibraries.LibFuse;

/**
 * A {@code struct fuse_args} (fuse_opt.h): what libfuse takes its options from.
 *
 * <p>libfuse replaces the arguments by what it did not use itself, in memory of its own, which
 * {@link #free} returns.
 */
final class ArgumentList {
  private static final int VECTOR = 8;
  private static final int STRUCT_BYTES = 24;

  private final LibFuse fuse;
  private final ByteBuffer memory;
  private final long address;

  /** A program name, {@code -o} and {@code options}. */
  ArgumentList(LibFuse fuse, String options) {
    this.fuse = fuse;
    byte[][] arguments = {bytes("cairn"), bytes("-o"), bytes(options)};
    int vectorBytes = (arguments.length + 1) * Long.BYTES;
    int stringsBytes = 0;
    for (byte[] argument : arguments) {
      stringsBytes += argument.length + 1;
    }
    memory = ByteBuffer.allocateDirect(STRUCT_BYTES + vectorBytes + stringsBytes);
    address = NativeMemory.addressOf(memory);
    NativeMemory.putInt(address, arguments.length);
    NativeMemory.putLong(address + VECTOR, address + STRUCT_BYTES);
    long string = address + STRUCT_BYTES + vectorBytes;
    for (int i = 0; i < arguments.length; i++) {
      NativeMemory.putLong(address + STRUCT_BYTES + (long) i * Long.BYTES, string);
      NativeMemory.putBytes(string, arguments[i]);
      string += arguments[i].length + 1;
    }
  }

  long address() {
    return address;
  }

  void free() {
    fuse.fuse_opt_free_args(address);
  }

  private static byte[] bytes(String argument) {
    return argument.getBytes(StandardCharsets.UTF_8);
  }
}
