package org.cairnfs.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Segment files in a directory: {@code <number in 16 hexadecimal digits>.seg}. */
final class NioSegmentFiles implements SegmentFiles {
  private static final String SUFFIX = ".seg";
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{16}\\.seg");

  private final Path directory;

  /** In an existing directory. */
  NioSegmentFiles(Path directory) {
    this.directory = directory;
  }

  @Override
  public List<Long> list() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> NAME.matcher(name).matches())
          .map(name -> HexFormat.fromHexDigitsToLong(name, 0, name.length() - SUFFIX.length()))
          .sorted()
          .toList();
    }
  }

  @Override
  public SegmentFile create(long segment) throws IOException {
    var file = new NioSegmentFile(
        path(segment),
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE));
    forceDirectory();
    return file;
  }

  @Override
  public SegmentFile open(long segment) throws IOException {
    return new NioSegmentFile(
        path(segment), Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  @Override
  public void delete(long segment) throws IOException {
    Files.deleteIfExists(path(segment));
    forceDirectory();
  }

  @Override
  public long usableBytes() throws IOException {
    return Files.getFileStore(directory).getUsableSpace();
  }

  @Override
  public long totalBytes() throws IOException {
    return Files.getFileStore(directory).getTotalSpace();
  }

  private Path path(long segment) {
    return directory.resolve(String.format(Locale.ROOT, "%016x%s", segment, SUFFIX));
  }

  private void forceDirectory() throws IOException {
    // Only the default file system has a disk behind it, and lets a directory be opened for this.
    if (directory.getFileSystem().equals(FileSystems.getDefault())) {
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
