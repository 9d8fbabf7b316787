package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.cairnfs.kv.KvDiskFullException;

/** Tells a full disk from a broken one. */
final class DiskFull {
  /** The log is not opened again before there is room for a segment. */
  private static final long ROOM_BYTES = 4L << 20;

  /** How far down a chain of causes is looked. */
  private static final int MAX_CAUSES = 16;

  /** The JDK hands on what strerror(3) says, in English, and no number. */
  private static final String NO_SPACE = "No space left on device";

  static boolean is(Throwable failure) {
    Throwable at = failure;
    for (int i = 0; at != null && i < MAX_CAUSES; i++) {
      String message = at.getMessage();
      if (at instanceof KvDiskFullException || (message != null && message.contains(NO_SPACE))) {
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
