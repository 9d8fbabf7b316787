package org.cairnfs.kv;

import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.Snapshot;

/** The engine's snapshot, and the options to read it. */
final class RocksSnapshot implements KvSnapshot {
  private final RocksKvStore store;
  private final RocksDB database;
  private final Snapshot snapshot;
  private final ReadOptions options;

  RocksSnapshot(RocksKvStore store, RocksDB database) {
    this.store = store;
    this.database = database;
    this.snapshot = database.getSnapshot();
    // All of it is read once: it must not drive out of the cache what is read often.
    this.options = new ReadOptions().setSnapshot(snapshot).setFillCache(false);
  }

  @Override
  public KvCursor cursor(KvStore.Table table) {
    return store.cursor(table, options);
  }

  @Override
  public void close() {
    store.release(this);
  }

  /** Releases the native objects; the store calls it with nobody else inside. */
  void dispose() {
    options.close();
    database.releaseSnapshot(snapshot);
    snapshot.close();
  }
}
