package org.cairnfs.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import org.cairnfs.core.Limits;
import org.cairnfs.vfs.VolumeStat;
import ru.serce.jnrfuse.struct.Statvfs;

/** Fills a {@code struct statvfs} (statvfs(3)). jnr-fuse's {@link Statvfs} supplies the layout. */
final class VolumeStatWriter {
  /** The unit in which sizes are told. */
  static final int FRAGMENT_SIZE_BYTES = 4096;

  private static final int LAYOUT_BYTES = 256;
  private static final Statvfs LAYOUT =
      Statvfs.of(Memory.allocateDirect(Runtime.getSystemRuntime(), LAYOUT_BYTES, true));

  static final int SIZE_BYTES = Struct.size(LAYOUT);

  private static final long BLOCK_SIZE = LAYOUT.f_bsize.offset();
  private static final long FRAGMENT_SIZE = LAYOUT.f_frsize.offset();
  private static final long BLOCKS = LAYOUT.f_blocks.offset();
  private static final long FREE = LAYOUT.f_bfree.offset();
  private static final long AVAILABLE = LAYOUT.f_bavail.offset();
  private static final long FILES = LAYOUT.f_files.offset();
  private static final long FILES_FREE = LAYOUT.f_ffree.offset();
  private static final long FILES_AVAILABLE = LAYOUT.f_favail.offset();
  private static final long NAME_MAX = LAYOUT.f_namemax.offset();

  static void write(long address, VolumeStat stat) {
    NativeMemory.clear(address, SIZE_BYTES);
    NativeMemory.putLong(address + BLOCK_SIZE, FRAGMENT_SIZE_BYTES);
    NativeMemory.putLong(address + FRAGMENT_SIZE, FRAGMENT_SIZE_BYTES);
    NativeMemory.putLong(address + BLOCKS, stat.totalBytes() / FRAGMENT_SIZE_BYTES);
    NativeMemory.putLong(address + FREE, stat.freeBytes() / FRAGMENT_SIZE_BYTES);
    NativeMemory.putLong(address + AVAILABLE, stat.freeBytes() / FRAGMENT_SIZE_BYTES);
    NativeMemory.putLong(address + FILES, stat.inodes());
    NativeMemory.putLong(address + FILES_FREE, stat.freeInodes());
    NativeMemory.putLong(address + FILES_AVAILABLE, stat.freeInodes());
    NativeMemory.putLong(address + NAME_MAX, Limits.NAME_MAX_BYTES);
  }

  private VolumeStatWriter() {}
}
