package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * What a session changed and is not committed yet, over what is: the tables as the session's
 * programs see them.
 *
 * <p>Every changed key keeps its latest value and the number of the last batch that the value
 * depends on. When that batch has been applied, the committed tables hold the value, and the key is
 * dropped from here. A reader asks here first and there second, a key arrives there before it
 * leaves here, so no reader misses both.
 *
 * <p>Thread-safe. Changes are {@linkplain #publish published} by one thread at a time; reads never
 * wait for the disk work of others. A scan sees each publication wholly or not at all.
 */
final class Overlay implements MetaReader {
  /** The tables that reads of a session depend on; changes of others are left to applying. */
  private static final List<MetaTable> TABLES = List.of(
      MetaTable.INODE, MetaTable.DENTRY, MetaTable.EXTENT, MetaTable.XATTR, MetaTable.ORPHAN);

  private record Entry(byte @Nullable [] value, long batch) {}

  private record Row(byte[] key, byte @Nullable [] value) implements MergingVisitor.Row {}

  private final MetaReader committed;
  private final Map<MetaTable, ConcurrentNavigableMap<byte[], Entry>> tables =
      new EnumMap<>(MetaTable.class);

  /**
   * Held exclusively to publish, shared to copy a range: a rename never hides both names from a
   * scan.
   */
  private final ReentrantReadWriteLock publication = new ReentrantReadWriteLock();

  Overlay(MetaReader committed) {
    this.committed = committed;
    for (MetaTable table : TABLES) {
      tables.put(table, new ConcurrentSkipListMap<>(Arrays::compareUnsigned));
    }
  }

  /**
   * Makes changes visible, as changes of {@code batch} or, where a later one changed the key
   * already, of that one.
   */
  void publish(List<BufferedView.Change> changes, Batch batch) {
    publication.writeLock().lock();
    try {
      for (BufferedView.Change change : changes) {
        ConcurrentNavigableMap<byte[], Entry> rows = tables.get(change.table());
        if (rows != null) {
          publish(rows, change, batch);
        }
      }
    } finally {
      publication.writeLock().unlock();
    }
  }

  private static void publish(
      ConcurrentNavigableMap<byte[], Entry> rows, BufferedView.Change change, Batch batch) {
    byte[] key = change.key();
    Entry old = rows.get(key);
    long number = old == null ? batch.number() : Math.max(old.batch(), batch.number());
    rows.put(key, new Entry(change.value(), number));
    if (old == null || old.batch() < number) {
      batch.touch(change.table(), key);
    }
  }

  /**
   * Forgets what depends on nothing later than {@code batch}, which has been applied, as have all
   * before it.
   */
  void drop(Batch batch) {
    for (Batch.Touched touched : batch.touched()) {
      ConcurrentNavigableMap<byte[], Entry> rows = tables.get(touched.table());
      Entry entry = rows == null ? null : rows.get(touched.key());
      // Removed only if it still is this very entry: a change may come in between.
      if (rows != null && entry != null && entry.batch() <= batch.number()) {
        rows.computeIfPresent(touched.key(), (key, now) -> now.equals(entry) ? null : now);
      }
    }
  }

  /** Whether the batch changed an inode of the range, or anything that belongs to it. */
  boolean hasChanges(LeaseRange range, Batch batch) {
    ConcurrentNavigableMap<byte[], Entry> inodes = tables.get(MetaTable.INODE);
    return inodes != null
        && inodes
            .subMap(Keys.number(range.start()), true, Keys.number(range.end()), false)
            .values()
            .stream()
            .anyMatch(entry -> entry.batch() >= batch.first());
  }

  /** Keys held, over all tables. */
  long size() {
    long size = 0;
    for (ConcurrentNavigableMap<byte[], Entry> rows : tables.values()) {
      size += rows.size();
    }
    return size;
  }

  @Override
  public byte @Nullable [] get(MetaTable table, byte[] key) {
    ConcurrentNavigableMap<byte[], Entry> rows = tables.get(table);
    Entry entry = rows == null ? null : rows.get(key);
    return entry != null ? entry.value() : committed.get(table, key);
  }

  @Override
  public void scan(MetaTable table, byte[] from, byte[] end, int max, Visitor visitor) {
    ConcurrentNavigableMap<byte[], Entry> rows = tables.get(table);
    // Copied before the committed table is looked at: what is dropped meanwhile is then found
    // there.
    List<Row> changed = rows == null || max <= 0 ? List.of() : copy(rows, from, end, max);
    if (changed.isEmpty()) {
      committed.scan(table, from, end, max, visitor);
      return;
    }
    byte[] last = changed.get(changed.size() - 1).key();
    // A copy that was cut off says nothing about what comes after it; it has max live rows up to
    // there.
    byte[] committedEnd = isCutOff(changed, max) ? Keys.after(last) : end;
    MergingVisitor merge = new MergingVisitor(changed.iterator(), max, visitor);
    committed.scan(
        table,
        from,
        committedEnd,
        (int) Math.min((long) max + changed.size(), Integer.MAX_VALUE),
        merge);
    merge.finish();
  }

  private List<Row> copy(
      ConcurrentNavigableMap<byte[], Entry> rows, byte[] from, byte[] end, int max) {
    List<Row> copy = new ArrayList<>();
    int live = 0;
    publication.readLock().lock();
    try {
      for (Map.Entry<byte[], Entry> row : rows.subMap(from, true, end, false).entrySet()) {
        byte[] value = row.getValue().value();
        copy.add(new Row(row.getKey(), value));
        live += value == null ? 0 : 1;
        if (live == max) {
          break;
        }
      }
    } finally {
      publication.readLock().unlock();
    }
    return copy;
  }

  private static boolean isCutOff(List<Row> rows, int max) {
    int live = 0;
    for (Row row : rows) {
      live += row.value() == null ? 0 : 1;
    }
    return live >= max;
  }
}
