package org.cairnfs.crypto;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;

/**
 * Small files that only their owner may read, from the first byte on; written whole or not at all.
 */
public final class PrivateFiles {
  public static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rw-------");

  /** More than any of them has; a longer one is not read into memory. */
  static final int SIZE_MAX_BYTES = 64 << 10;

  private PrivateFiles() {}

  /** The whole file; an {@link IOException} if it is longer than {@link #SIZE_MAX_BYTES}. */
  static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(SIZE_MAX_BYTES + 1);
      if (bytes.length > SIZE_MAX_BYTES) {
        throw new IOException(file + " is longer than any file of keys");
      }
      return bytes;
    }
  }

  /** As {@link #replace(Path, byte[])}, of text in UTF-8. */
  public static void replace(Path file, String text) throws IOException {
    replace(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Puts a file of {@link #MODE} in place of what was there, if anything: after a crash there is
   * the old one or the new one, complete.
   */
  public static void replace(Path file, byte[] content) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.deleteIfExists(fresh);
      try (FileChannel channel = FileChannel.open(
          fresh,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          PosixFilePermissions.asFileAttribute(MODE))) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncDirectory(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    } catch (IOException e) {
      removeAfter(fresh, e);
      throw e;
    }
  }

  /** Makes the rename itself durable. */
  private static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void removeAfter(Path fresh, IOException failure) {
    try {
      Files.deleteIfExists(fresh);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
