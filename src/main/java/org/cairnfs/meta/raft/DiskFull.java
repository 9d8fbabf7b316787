package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.cairnfs.core.DiskErrors;
import org.cairnfs.kv.KvDiskFullException;

/** Tells a full disk from a broken one. */
final class DiskFull {
  /** The log is not opened again before there is room for a segment. */
  private static final long ROOM_BYTES = 4L << 20;

  /** How far down a chain of causes is looked. */
  private static final int MAX_CAUSES = 16;

  static boolean is(Throwable failure) {
    Throwable at = failure;
    for (int i = 0; at != null && i < MAX_CAUSES; i++) {
      if (at instanceof KvDiskFullException || DiskErrors.isFull(at.getMessage())) {
        return true;
      }
      at = at.getCause();
    }
    return false;
  }

  static boolean hasRoom(Path directory) throws IOException {
    return Files.getFileStore(directory).getUsableSpace() >= ROOM_BYTES;
  }

  private DiskFull() {}
}
