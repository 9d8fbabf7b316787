package org.cairnfs.meta.raft;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.cairnfs.meta.MetaSnapshot;
import org.cairnfs.meta.MetaStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Another node's rows on their way into the store: first into a file, and once they are there
 * whole, from it. So the store keeps what it has while they travel, and a crash while they are
 * loaded is made good at the next start. For one thread.
 */
final class SnapshotSpool {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotSpool.class);

  private final Path directory;
  private final Path arriving;
  private final Path whole;

  /** @param directory of the logs of all groups */
  SnapshotSpool(Path directory, UUID group) {
    this.directory = directory;
    this.arriving = directory.resolve(group + ".rows-arriving");
    this.whole = directory.resolve(group + ".rows");
  }

  /** Brings the rows of that node into the file; blocks. */
  void fetch(SnapshotSource source, String from) throws IOException {
    LOG.info("Asking {} for the whole metadata", from);
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(arriving))) {
        source.fetch(from, out);
      }
      sync(arriving, StandardOpenOption.WRITE);
      try (InputStream in = open(arriving)) {
        var unused = MetaSnapshot.check(in);
      }
      Files.move(arriving, whole, StandardCopyOption.ATOMIC_MOVE);
      sync(directory, StandardOpenOption.READ);
    } finally {
      Files.deleteIfExists(arriving);
    }
  }

  /** Puts the rows in the file, if there are any, in place of what the store has; blocks. */
  void load(MetaStore store) throws IOException {
    if (Files.exists(whole)) {
      try (InputStream in = open(whole)) {
        store.replace(in);
      }
      Files.delete(whole);
      LOG.info("The metadata was replaced by another node's, as of entry {}", store.applied());
    }
  }

  private static InputStream open(Path file) throws IOException {
    return new BufferedInputStream(Files.newInputStream(file));
  }

  private static void sync(Path path, StandardOpenOption option) throws IOException {
    try (FileChannel channel = FileChannel.open(path, option)) {
      channel.force(true);
    }
  }
}
