package org.cairnfs.crypto;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Reads and writes small files that hold secrets: mode 0600 from the first byte on, replaced
 * atomically, synced.
 */
final class SecretFiles {
  /** More than any file of keys has; a longer one is not read into memory. */
  static final int SIZE_MAX_BYTES = 64 << 10;

  private SecretFiles() {}

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

  /** Creates or replaces the file; after a crash there is the old one or the new one. */
  static void write(Path file, byte[] bytes) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path directory = absolute.getParent();
    if (directory == null) {
      throw new IOException(file + " is not the path of a file");
    }
    Path temporary = directory.resolve(absolute.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    try {
      try (FileChannel channel = FileChannel.open(
          temporary,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          ownerOnly(directory))) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(true);
      }
      Files.move(
          temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    syncDirectory(directory);
  }

  private static FileAttribute<?>[] ownerOnly(Path directory) {
    if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };
  }

  /** Makes the rename itself durable. */
  private static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
