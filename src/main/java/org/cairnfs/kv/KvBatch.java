package org.cairnfs.kv;

/**
 * Changes that take effect together, in the order made. Not thread-safe; valid only during
 * {@link KvStore#write}.
 */
public interface KvBatch {
  void put(KvStore.Table table, byte[] key, byte[] value);

  /** Removes the key; no error if it is not there. */
  void delete(KvStore.Table table, byte[] key);
}
