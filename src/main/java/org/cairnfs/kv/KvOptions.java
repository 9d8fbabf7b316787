package org.cairnfs.kv;

/**
 * How much memory a store may use.
 *
 * @param blockCacheBytes blocks, filters and indexes read from disk
 * @param memtableBytes changes not yet flushed, over all tables; a flush starts by itself before it
 *     is reached
 */
public record KvOptions(long blockCacheBytes, long memtableBytes) {
  /** For a node's replicated metadata. */
  public static final KvOptions METADATA = new KvOptions(32L << 20, 48L << 20);

  /** For the index of one segment store. */
  public static final KvOptions BLOB_INDEX = new KvOptions(8L << 20, 16L << 20);

  /** Least of each: below it the engine would flush or evict at every step. */
  private static final long MIN_BYTES = 64L << 10;

  public KvOptions {
    if (blockCacheBytes < MIN_BYTES || memtableBytes < MIN_BYTES) {
      throw new IllegalArgumentException(
          "a store needs at least " + MIN_BYTES + " bytes each of cache and memtables");
    }
  }
}
