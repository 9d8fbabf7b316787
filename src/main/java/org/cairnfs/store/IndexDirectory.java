package org.cairnfs.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.cairnfs.kv.KvCorruptException;
import org.cairnfs.kv.KvOptions;
import org.cairnfs.kv.KvStore;
import org.cairnfs.kv.RocksKvStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of an index that is thrown away when it is damaged: its segments have it all.
 *
 * <p>Damage that shows only when the damaged part is read is remembered by a file beside the
 * directory, so that the next start makes the index anew.
 */
final class IndexDirectory {
  private static final String MARK_SUFFIX = ".damaged";

  private static final Logger LOG = LoggerFactory.getLogger(IndexDirectory.class);

  private final Path directory;
  private final Path mark;

  IndexDirectory(Path directory) {
    this.directory = directory;
    this.mark = directory.resolveSibling(directory.getFileName() + MARK_SUFFIX);
  }

  /** Opens the index, an empty one in place of one that is damaged. */
  KvStore open(List<String> tables, KvOptions options) throws IOException {
    if (isMarkedDamaged()) {
      LOG.warn("The blob index in {} was found damaged; it is made anew", directory);
      discard();
      Files.delete(mark);
    }
    try {
      return RocksKvStore.open(directory, tables, options);
    } catch (KvCorruptException e) {
      LOG.warn("The blob index in {} is damaged; it is made anew", directory, e);
      discard();
      return RocksKvStore.open(directory, tables, options);
    }
  }

  /** Whether the next {@link #open} makes the index anew. */
  boolean isMarkedDamaged() {
    return Files.exists(mark);
  }

  /** Has the next {@link #open} make the index anew. */
  void markDamaged() {
    try {
      if (!isMarkedDamaged()) {
        Files.createFile(mark);
        LOG.error("The blob index in {} is damaged; the next start makes it anew", directory);
      }
    } catch (IOException e) {
      LOG.error("Cannot note that the blob index in {} is damaged", directory, e);
    }
  }

  private void discard() throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
