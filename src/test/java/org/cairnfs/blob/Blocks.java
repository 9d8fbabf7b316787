package org.cairnfs.blob;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.util.List;
import java.util.Random;
import org.cairnfs.core.BlobRef;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.store.BlobStore;

/** Makes block stores for tests, and blocks for them. */
final class Blocks {
  static final int FRAME = 64 << 10;

  private Blocks() {}

  static BlockSealer sealer() {
    return new BlockSealer(VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES])));
  }

  /** All work on the calling thread. */
  static LocalBlockStore over(BlobStore store, BlobSource... others) {
    return over(store, BlockStoreLimits.DEFAULT, others);
  }

  static LocalBlockStore over(BlobStore store, BlockStoreLimits limits, BlobSource... others) {
    LocalBlockStore.Threads threads = new LocalBlockStore.Threads(Runnable::run, Runnable::run);
    return new LocalBlockStore(store, disk(), sealer(), threads, List.of(others), limits);
  }

  static BlockStoreLimits cacheOf(long bytes) {
    return new BlockStoreLimits(bytes, 16, 4, 4);
  }

  static FileStore disk() {
    try {
      return Files.getFileStore(Jimfs.newFileSystem(Configuration.unix()).getPath("/"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static byte[] read(BlockStore blocks, BlobRef ref, int offset, int length) {
    byte[] into = new byte[length];
    blocks.read(ref, offset, ByteBuffer.wrap(into));
    return into;
  }
}
