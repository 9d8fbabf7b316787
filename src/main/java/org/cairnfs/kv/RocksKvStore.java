package org.cairnfs.kv;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * A {@link KvStore} on RocksDB: one column family a table, no write-ahead log, atomic flushes.
 *
 * <p>With {@code atomic_flush}, whether a flush was asked for or started because the memtables were
 * full, it takes the memtables of all tables at one point between two batches and installs the
 * files with one manifest record. So what a crash leaves is a prefix of the batches, without a log.
 *
 * <p>The native objects must not be touched once freed: every use holds {@link #lifetime} shared,
 * {@link #close} takes it exclusively.
 */
public final class RocksKvStore implements KvStore {
  private static final byte[] FIRST_KEY = new byte[0];
  private static final String MEMTABLES = "rocksdb.cur-size-all-mem-tables";
  private static final String TABLE_READERS = "rocksdb.estimate-table-readers-mem";

  /** Guards the lives of the native objects: shared to use them, exclusive to free them. */
  private final ReentrantReadWriteLock lifetime = new ReentrantReadWriteLock();

  private final Path directory;
  private final RocksSettings settings;
  private final RocksDB database;
  private final List<ColumnFamilyHandle> handles;
  private final Map<String, RocksTable> tables = new HashMap<>();
  private final Set<RocksCursor> openCursors = ConcurrentHashMap.newKeySet();
  private final Set<RocksSnapshot> openSnapshots = ConcurrentHashMap.newKeySet();

  /** Guarded by {@link #lifetime}. */
  private boolean closed;

  private record RocksTable(RocksKvStore store, String name, ColumnFamilyHandle handle)
      implements Table {}

  private RocksKvStore(
      Path directory,
      List<String> tableNames,
      RocksSettings settings,
      RocksDB database,
      List<ColumnFamilyHandle> handles) {
    this.directory = directory;
    this.settings = settings;
    this.database = database;
    this.handles = List.copyOf(handles);
    for (int i = 0; i < tableNames.size(); i++) {
      // The first handle is the default column family, which no table uses.
      String name = tableNames.get(i);
      tables.put(name, new RocksTable(this, name, handles.get(i + 1)));
    }
  }

  /**
   * Opens the store in a directory of the default file system, or makes it. Tables that are new are
   * added.
   *
   * @param tables names of all tables, those that exist included
   * @throws KvCorruptException if what is there is damaged
   * @throws KvDiskFullException if there is no room to open it
   * @throws IOException if it holds a table that was not named, is in use, or cannot be read or
   *     written
   */
  public static RocksKvStore open(Path directory, List<String> tables, KvOptions options)
      throws IOException {
    RocksDB.loadLibrary();
    Files.createDirectories(directory);
    String path = directory.toFile().getPath();
    requireOnlyKnownTables(directory, path, tables);

    var descriptors = new ArrayList<ColumnFamilyDescriptor>();
    var handles = new ArrayList<ColumnFamilyHandle>();
    var settings = new RocksSettings(options);
    descriptors.add(
        new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, settings.tableOptions()));
    for (String table : tables) {
      descriptors.add(new ColumnFamilyDescriptor(table.getBytes(UTF_8), settings.tableOptions()));
    }
    try {
      RocksDB database = RocksDB.open(settings.databaseOptions(), path, descriptors, handles);
      return new RocksKvStore(directory, tables, settings, database, handles);
    } catch (RocksDBException e) {
      settings.close();
      throw RocksErrors.toIoException("open the store in " + directory, e);
    }
  }

  /** The engine would refuse to open without naming them all, with a message that says little. */
  private static void requireOnlyKnownTables(Path directory, String path, List<String> tables)
      throws IOException {
    if (!Files.exists(directory.resolve("CURRENT"))) {
      return;
    }
    var unknown = new LinkedHashSet<String>();
    try (var options = new Options()) {
      for (byte[] name : RocksDB.listColumnFamilies(options, path)) {
        unknown.add(new String(name, UTF_8));
      }
    } catch (RocksDBException e) {
      throw RocksErrors.toIoException("list the tables of the store in " + directory, e);
    }
    unknown.remove(new String(RocksDB.DEFAULT_COLUMN_FAMILY, UTF_8));
    tables.forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw new IOException(
          "the store in " + directory + " has tables this version does not know: " + unknown);
    }
  }

  @Override
  public Table table(String name) {
    RocksTable table = tables.get(name);
    if (table == null) {
      throw new IllegalArgumentException("the store was opened without a table " + name);
    }
    return table;
  }

  @Override
  public byte @Nullable [] get(Table table, byte[] key) {
    enter();
    try {
      return database.get(handle(table), settings.readOptions(), key);
    } catch (RocksDBException e) {
      throw failure("read", e);
    } finally {
      leave();
    }
  }

  @Override
  public KvCursor cursor(Table table) {
    // An iterator reads the table as it was when it was made: that is the snapshot.
    return cursor(table, settings.readOptions());
  }

  KvCursor cursor(Table table, ReadOptions options) {
    enter();
    try {
      var cursor = new RocksCursor(this, database.newIterator(handle(table), options));
      openCursors.add(cursor);
      return cursor;
    } finally {
      leave();
    }
  }

  @Override
  public KvSnapshot snapshot() {
    enter();
    try {
      var snapshot = new RocksSnapshot(this, database);
      openSnapshots.add(snapshot);
      return snapshot;
    } finally {
      leave();
    }
  }

  @Override
  public void exclusively(Runnable work) {
    lifetime.writeLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("the store in " + directory + " is closed");
      }
      work.run();
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  @Override
  public void write(Consumer<KvBatch> changes) {
    enter();
    try (var batch = new WriteBatch()) {
      changes.accept(new RocksBatch(batch));
      database.write(settings.writeOptions(), batch);
    } catch (RocksDBException e) {
      throw failure("write", e);
    } finally {
      leave();
    }
  }

  @Override
  public void flush() {
    enter();
    try {
      database.flush(settings.flushOptions(), handles);
    } catch (RocksDBException e) {
      throw failure("flush", e);
    } finally {
      leave();
    }
  }

  @Override
  public long memoryBytes() {
    enter();
    try {
      return database.getAggregatedLongProperty(MEMTABLES)
          + database.getAggregatedLongProperty(TABLE_READERS)
          + settings.cachedBytes();
    } catch (RocksDBException e) {
      throw failure("measure", e);
    } finally {
      leave();
    }
  }

  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      try {
        database.flush(settings.flushOptions(), handles);
      } catch (RocksDBException e) {
        throw failure("flush", e);
      } finally {
        closed = true;
        dispose();
      }
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  /** In the order of use: iterators before the column families they walk, those before the rest. */
  private void dispose() {
    openCursors.forEach(RocksCursor::dispose);
    openCursors.clear();
    openSnapshots.forEach(RocksSnapshot::dispose);
    openSnapshots.clear();
    handles.forEach(ColumnFamilyHandle::close);
    database.close();
    settings.close();
  }

  /**
   * Begins a use of native objects.
   *
   * @throws IllegalStateException if they are gone
   */
  void enter() {
    lifetime.readLock().lock();
    if (closed) {
      lifetime.readLock().unlock();
      throw new IllegalStateException("the store in " + directory + " is closed");
    }
  }

  void leave() {
    lifetime.readLock().unlock();
  }

  /** Frees a cursor, once; a cursor that outlived the store was freed with it. */
  void release(RocksCursor cursor) {
    lifetime.readLock().lock();
    try {
      if (openCursors.remove(cursor)) {
        cursor.dispose();
      }
    } finally {
      lifetime.readLock().unlock();
    }
  }

  /** The same for a snapshot. */
  void release(RocksSnapshot snapshot) {
    lifetime.readLock().lock();
    try {
      if (openSnapshots.remove(snapshot)) {
        snapshot.dispose();
      }
    } finally {
      lifetime.readLock().unlock();
    }
  }

  private ColumnFamilyHandle handle(Table table) {
    if (table instanceof RocksTable ours && ours.store() == this) {
      return ours.handle();
    }
    throw new IllegalArgumentException("table " + table.name() + " is of another store");
  }

  private UncheckedIOException failure(String action, RocksDBException cause) {
    return new UncheckedIOException(
        RocksErrors.toIoException(action + " the store in " + directory, cause));
  }

  /** Collects changes in the engine's own form. */
  private final class RocksBatch implements KvBatch {
    private final WriteBatch batch;

    RocksBatch(WriteBatch batch) {
      this.batch = batch;
    }

    @Override
    public void put(Table table, byte[] key, byte[] value) {
      try {
        batch.put(handle(table), key, value);
      } catch (RocksDBException e) {
        throw failure("write", e);
      }
    }

    @Override
    public void delete(Table table, byte[] key) {
      try {
        batch.delete(handle(table), key);
      } catch (RocksDBException e) {
        throw failure("write", e);
      }
    }

    @Override
    public void clear(Table table) {
      try {
        batch.deleteRange(handle(table), FIRST_KEY, lastKey());
      } catch (RocksDBException e) {
        throw failure("write", e);
      }
    }

    /** After every key that is not longer. */
    private static byte[] lastKey() {
      byte[] last = new byte[CLEARED_KEY_MAX_BYTES + 1];
      Arrays.fill(last, (byte) 0xff);
      return last;
    }
  }
}
