package org.cairnfs.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Touches each page of this process's libraries and class archive once. A page that was not needed
 * during the start and has left the page cache since is read from the disk when a program waits for
 * it, and with it as much as the disk reads ahead, which may be megabytes for a few bytes. Pages
 * that were touched belong to the process, and only a lack of memory takes them away.
 */
final class ResidentCode {
  private static final Logger log = LoggerFactory.getLogger(ResidentCode.class);

  private static final Path MAPPINGS = Path.of("/proc/self/maps");
  private static final Path MEMORY = Path.of("/proc/self/mem");

  /** First and last address of what is mapped readable from a library or a class archive. */
  private static final Pattern CODE =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) r.*/.*\\.(so|aot|jsa)");

  private static final int BUFFER_BYTES = 1 << 20;

  /** Returns the bytes touched, or 0 where the system does not let a process look at itself. */
  static long touch() {
    long touched = 0;
    try (FileChannel memory = FileChannel.open(MEMORY, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
      for (String mapping : Files.readAllLines(MAPPINGS)) {
        Matcher code = CODE.matcher(mapping);
        if (code.matches()) {
          touched += touch(
              memory,
              Long.parseUnsignedLong(code.group(1), 16),
              Long.parseUnsignedLong(code.group(2), 16),
              buffer);
        }
      }
    } catch (IOException notAllowed) {
      log.debug("not all code is in memory: {}", notAllowed.toString());
    }
    return touched;
  }

  private static long touch(FileChannel memory, long from, long to, ByteBuffer buffer)
      throws IOException {
    long at = from;
    while (at < to) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), to - at));
      int read = memory.read(buffer, at);
      if (read <= 0) {
        break;
      }
      at += read;
    }
    return at - from;
  }

  private ResidentCode() {}
}
