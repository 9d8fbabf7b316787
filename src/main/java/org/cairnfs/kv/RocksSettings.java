package org.cairnfs.kv;

import java.util.List;
import org.rocksdb.AbstractNativeReference;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.Filter;
import org.rocksdb.FlushOptions;
import org.rocksdb.IndexType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.WriteOptions;

/**
 * The engine's settings for one store. Owns native memory; close it after the database.
 *
 * <p>Sizes are chosen so that the memory of a store is its {@link KvOptions} plus little: filters
 * and indexes live in the block cache and are partitioned, so that they compete with data blocks
 * rather than grow with the store.
 */
final class RocksSettings implements AutoCloseable {
  private static final double FILTER_BITS_PER_KEY = 10;
  private static final int CACHE_SHARD_BITS = 2;
  private static final double CACHE_HIGH_PRIORITY_SHARE = 0.5;

  /** A table with few changes then costs this little of the memtable budget, not 1 MiB. */
  private static final long ARENA_BLOCK_BYTES = 64L << 10;

  private static final double MEMTABLE_FILTER_SHARE = 0.02;
  private static final long SST_FILE_BYTES = 32L << 20;
  private static final long LEVEL_BASE_BYTES = 128L << 20;
  private static final int BACKGROUND_JOBS_MAX = 2;
  private static final int OPEN_FILES_MAX = 256;
  private static final int LOG_FILES_MAX = 2;
  private static final long LOG_FILE_BYTES = 1L << 20;
  private static final long MANIFEST_BYTES = 16L << 20;

  private final Cache blockCache;
  private final Filter filter = new BloomFilter(FILTER_BITS_PER_KEY);
  private final ColumnFamilyOptions tableOptions;
  private final DBOptions databaseOptions;
  private final ReadOptions readOptions = new ReadOptions();
  private final WriteOptions writeOptions = new WriteOptions().setDisableWAL(true);
  private final FlushOptions flushOptions =
      new FlushOptions().setWaitForFlush(true).setAllowWriteStall(true);

  RocksSettings(KvOptions options) {
    blockCache =
        new LRUCache(options.blockCacheBytes(), CACHE_SHARD_BITS, false, CACHE_HIGH_PRIORITY_SHARE);
    tableOptions = tableOptions(options);
    databaseOptions = databaseOptions(options);
  }

  private ColumnFamilyOptions tableOptions(KvOptions options) {
    var format = new BlockBasedTableConfig()
        .setBlockCache(blockCache)
        .setFilterPolicy(filter)
        .setWholeKeyFiltering(true)
        .setIndexType(IndexType.kTwoLevelIndexSearch)
        .setPartitionFilters(true)
        .setCacheIndexAndFilterBlocks(true)
        .setCacheIndexAndFilterBlocksWithHighPriority(true)
        .setPinTopLevelIndexAndFilter(true);
    return new ColumnFamilyOptions()
        .setTableFormatConfig(format)
        .setWriteBufferSize(options.memtableBytes())
        .setArenaBlockSize(Math.min(ARENA_BLOCK_BYTES, options.memtableBytes() / 8))
        .setMemtablePrefixBloomSizeRatio(MEMTABLE_FILTER_SHARE)
        .setMemtableWholeKeyFiltering(true)
        .setCompressionType(CompressionType.LZ4_COMPRESSION)
        .setTargetFileSizeBase(SST_FILE_BYTES)
        .setMaxBytesForLevelBase(LEVEL_BASE_BYTES);
  }

  private static DBOptions databaseOptions(KvOptions options) {
    return new DBOptions()
        .setCreateIfMissing(true)
        .setCreateMissingColumnFamilies(true)
        // Without a log, a crash loses the memtables: flushing those of all tables as one keeps
        // what survives a prefix of the batches.
        .setAtomicFlush(true)
        .setDbWriteBufferSize(options.memtableBytes())
        .setMaxBackgroundJobs(BACKGROUND_JOBS_MAX)
        .setMaxOpenFiles(OPEN_FILES_MAX)
        .setMaxManifestFileSize(MANIFEST_BYTES)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setKeepLogFileNum(LOG_FILES_MAX)
        .setMaxLogFileSize(LOG_FILE_BYTES)
        .setStatsDumpPeriodSec(0)
        .setStatsPersistPeriodSec(0);
  }

  ColumnFamilyOptions tableOptions() {
    return tableOptions;
  }

  DBOptions databaseOptions() {
    return databaseOptions;
  }

  ReadOptions readOptions() {
    return readOptions;
  }

  WriteOptions writeOptions() {
    return writeOptions;
  }

  FlushOptions flushOptions() {
    return flushOptions;
  }

  /** Bytes of the block cache in use. */
  long cachedBytes() {
    return blockCache.getUsage();
  }

  @Override
  public void close() {
    // In the order of use: options before what they refer to.
    List.of(
            flushOptions,
            writeOptions,
            readOptions,
            databaseOptions,
            tableOptions,
            filter,
            blockCache)
        .forEach(AbstractNativeReference::close);
  }
}
