package org.cairnfs.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.cairnfs.core.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * A {@link KvStore} on the heap, of which nothing is left when the process ends.
 *
 * <p>Cursors and snapshots share the tables as they are; the next change of a shared table copies
 * it first. So a snapshot costs nothing until something changes. Thread-safe.
 */
public class HeapKvStore implements KvStore {
  /**
   * Guarded by this, as is everything else. A map that is in a cursor or a snapshot is never
   * changed again.
   */
  private final Map<String, Contents> tables = new HashMap<>();

  private boolean closed;

  private record HeapTable(HeapKvStore store, String name) implements Table {}

  /** The keys of one table. */
  static final class Contents {
    private final NavigableMap<byte[], byte[]> entries;
    private boolean shared;

    private Contents(NavigableMap<byte[], byte[]> entries) {
      this.entries = entries;
    }

    private Contents share() {
      shared = true;
      return this;
    }
  }

  /** No key: the whole table is cleared. */
  private record Change(
      String table, @Nullable Bytes key, @Nullable Bytes value) {}

  public HeapKvStore(List<String> tableNames) {
    tableNames.forEach(
        name -> tables.put(name, new Contents(new TreeMap<>(Arrays::compareUnsigned))));
  }

  /** A store with the tables that another one {@linkplain #shareAll shares}. */
  HeapKvStore(Map<String, Contents> shared) {
    tables.putAll(shared);
  }

  @Override
  public synchronized Table table(String name) {
    requireOpen();
    if (!tables.containsKey(name)) {
      throw new IllegalArgumentException("the store was opened without a table " + name);
    }
    return new HeapTable(this, name);
  }

  @Override
  public synchronized byte @Nullable [] get(Table table, byte[] key) {
    byte[] value = contents(table).entries.get(key);
    return value == null ? null : value.clone();
  }

  @Override
  public synchronized KvCursor cursor(Table table) {
    return new HeapCursor(contents(table).share().entries);
  }

  @Override
  public synchronized KvSnapshot snapshot() {
    requireOpen();
    Map<String, Contents> shared = shareAll();
    return new KvSnapshot() {
      @Override
      public KvCursor cursor(Table table) {
        return new HeapCursor(Objects.requireNonNull(shared.get(table.name())).entries);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public synchronized void exclusively(Runnable work) {
    requireOpen();
    work.run();
  }

  @Override
  public synchronized void write(Consumer<KvBatch> changes) {
    requireOpen();
    var batch = new HeapBatch();
    changes.accept(batch);
    batch.changes.forEach(this::apply);
  }

  private void apply(Change change) {
    Contents contents = tables.get(change.table());
    if (contents == null) {
      throw new AssertionError("the batch checked its tables");
    }
    if (contents.shared) {
      contents = new Contents(new TreeMap<>(contents.entries));
      tables.put(change.table(), contents);
    }
    Bytes key = change.key();
    Bytes value = change.value();
    if (key == null) {
      contents.entries.clear();
    } else if (value == null) {
      contents.entries.remove(key.array());
    } else {
      contents.entries.put(key.array(), value.array());
    }
  }

  /** Nothing here is on stable storage, whatever is called. */
  @Override
  public synchronized void flush() {
    requireOpen();
  }

  @Override
  public synchronized long memoryBytes() {
    requireOpen();
    return tables.values().stream()
        .flatMap(contents -> contents.entries.entrySet().stream())
        .mapToLong(entry -> entry.getKey().length + entry.getValue().length)
        .sum();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      flush();
      closed = true;
    }
  }

  /** All tables as they are now. */
  final synchronized Map<String, Contents> shareAll() {
    tables.values().forEach(Contents::share);
    return new HashMap<>(tables);
  }

  private Contents contents(Table table) {
    requireOpen();
    Contents contents =
        table instanceof HeapTable ours && ours.store() == this ? tables.get(ours.name()) : null;
    if (contents == null) {
      throw new IllegalArgumentException("table " + table.name() + " is of another store");
    }
    return contents;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the store is closed");
    }
  }

  private final class HeapBatch implements KvBatch {
    final List<Change> changes = new ArrayList<>();

    @Override
    public void put(Table table, byte[] key, byte[] value) {
      var unused = contents(table);
      changes.add(new Change(table.name(), new Bytes(key.clone()), new Bytes(value.clone())));
    }

    @Override
    public void delete(Table table, byte[] key) {
      var unused = contents(table);
      changes.add(new Change(table.name(), new Bytes(key.clone()), null));
    }

    @Override
    public void clear(Table table) {
      var unused = contents(table);
      changes.add(new Change(table.name(), null, null));
    }
  }

  private static final class HeapCursor implements KvCursor {
    private final NavigableMap<byte[], byte[]> entries;
    private Map.@Nullable Entry<byte[], byte[]> current;
    private boolean closed;

    HeapCursor(NavigableMap<byte[], byte[]> entries) {
      this.entries = entries;
    }

    @Override
    public boolean seek(byte[] key) {
      if (closed) {
        throw new IllegalStateException("the cursor is closed");
      }
      current = entries.ceilingEntry(key);
      return current != null;
    }

    @Override
    public boolean next() {
      current = entries.higherEntry(current().getKey());
      return current != null;
    }

    @Override
    public byte[] key() {
      return current().getKey().clone();
    }

    @Override
    public byte[] value() {
      return current().getValue().clone();
    }

    private Map.Entry<byte[], byte[]> current() {
      if (current == null || closed) {
        throw new IllegalStateException("the cursor is not on a key");
      }
      return current;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
