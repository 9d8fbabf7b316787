package org.cairnfs.meta;

import org.jspecify.annotations.Nullable;

/**
 * Ordered tables that can be read. Arrays handed out or in are not written to afterwards by either
 * side.
 */
interface MetaReader {
  /** Takes the entries of a scan. */
  interface Visitor {
    /** Returns whether to go on. Must not change what is scanned. */
    boolean visit(byte[] key, byte[] value);
  }

  byte @Nullable [] get(MetaTable table, byte[] key);

  /**
   * Visits entries with {@code from <= key < end}, upwards.
   *
   * @param max the most that will be visited
   */
  void scan(MetaTable table, byte[] from, byte[] end, int max, Visitor visitor);
}
