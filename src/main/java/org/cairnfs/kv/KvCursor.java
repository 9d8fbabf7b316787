package org.cairnfs.kv;

/** Walks the keys of one table upwards (unsigned byte order) over a snapshot. Not thread-safe. */
public interface KvCursor extends AutoCloseable {
  /** Moves to the first key at or after {@code key}; returns whether there is one. */
  boolean seek(byte[] key);

  /**
   * Moves to the next key; returns whether there is one. Only after a seek or next that returned
   * true.
   */
  boolean next();

  /** The key at the cursor, a new array. */
  byte[] key();

  /** The value at the cursor, a new array. */
  byte[] value();

  @Override
  void close();
}
