package org.cairnfs.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.cairnfs.kv.KvOptions;
import org.cairnfs.kv.RocksKvStore;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SteadyLog;
import org.cairnfs.meta.TestSettings;

/**
 * Metadata over RocksDB in a temporary directory, and a session on it. What is proposed is applied
 * at once: what is measured is the metadata, not the log.
 */
final class RocksMetadata implements AutoCloseable {
  private final Path directory;
  private final RocksKvStore kv;
  private final MetaStore store;
  private final LocalMetaSession session;
  private long index;

  RocksMetadata() throws IOException {
    directory = Files.createTempDirectory("cairn-bench");
    kv = RocksKvStore.open(directory, MetaStore.tableNames(), KvOptions.METADATA);
    store = new MetaStore(kv);
    SteadyLog log = entry -> CompletableFuture.completedFuture(apply(entry));
    session = LocalMetaSession.open(store, log, TestSettings.withSeed(1));
  }

  LocalMetaSession session() {
    return session;
  }

  /** Applies the next entry of the log; returns its reply. */
  byte[] apply(byte[] entry) {
    return store.apply(1, ++index, entry);
  }

  @Override
  public void close() throws IOException {
    session.close();
    kv.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
