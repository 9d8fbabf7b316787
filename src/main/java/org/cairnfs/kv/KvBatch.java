package org.cairnfs.kv;

/**
 * Changes that take effect together, in the order made. Not thread-safe; valid only during
 * {@link KvStore#write}.
 */
public interface KvBatch {
  /** Longer ones may stay when a table is cleared. */
  int CLEARED_KEY_MAX_BYTES = 1024;

  void put(KvStore.Table table, byte[] key, byte[] value);

  /** Removes the key; no error if it is not there. */
  void delete(KvStore.Table table, byte[] key);

  /** Removes all keys of at most {@value #CLEARED_KEY_MAX_BYTES} bytes. */
  void clear(KvStore.Table table);
}
