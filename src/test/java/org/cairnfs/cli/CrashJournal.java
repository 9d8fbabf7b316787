package org.cairnfs.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.cairnfs.CrashHistory;

/** A program that makes a {@link CrashHistory} in a directory, until the filesystem fails. */
final class CrashJournal implements CrashHistory.Target, Callable<IOException> {
  private final Path directory;
  private final CrashHistory history;

  /** In a directory that has a directory {@code d} and nothing else. */
  CrashJournal(Path directory, long seed) {
    this.directory = directory;
    this.history = new CrashHistory(seed);
  }

  /** Takes steps until the filesystem gives an error, and returns that. */
  @Override
  public IOException call() throws Exception {
    try {
      history.take(Integer.MAX_VALUE, this);
      throw new IllegalStateException("there is no end to steps");
    } catch (IOException e) {
      return e;
    }
  }

  /** Fails unless the directory holds a prefix; returns how many steps are lost. */
  int verify() throws IOException {
    Map<String, byte[]> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        found.put(directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return history.verify(found, true);
  }

  @Override
  public void create(String name) throws IOException {
    Files.createFile(directory.resolve(name));
  }

  @Override
  public void write(String name, int offset, byte[] bytes) throws IOException {
    try (FileChannel channel = open(name)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        // A write that the crash cuts short ends without an error; the next one gets it.
        int unused = channel.write(left, offset + left.position());
      }
    }
  }

  @Override
  public void truncate(String name, int sizeBytes) throws IOException {
    // A channel's truncate() never makes a file longer.
    try (var file = new RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
  }

  @Override
  public void rename(String name, String newName) throws IOException {
    Files.move(directory.resolve(name), directory.resolve(newName), StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void delete(String name) throws IOException {
    Files.delete(directory.resolve(name));
  }

  @Override
  public void sync(String name) throws IOException {
    try (FileChannel channel = open(name)) {
      channel.force(true);
    }
  }

  private FileChannel open(String name) throws IOException {
    return FileChannel.open(directory.resolve(name), StandardOpenOption.WRITE);
  }
}
