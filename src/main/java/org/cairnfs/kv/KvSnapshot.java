package org.cairnfs.kv;

/** All tables of a store as they were at one moment between two batches. Not thread-safe. */
public interface KvSnapshot extends AutoCloseable {
  /** A cursor before the table's first key; the caller closes it before the snapshot. */
  KvCursor cursor(KvStore.Table table);

  @Override
  void close();
}
