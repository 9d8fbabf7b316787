package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A view that keeps its changes in memory over something that is only read, until they are taken or
 * thrown away.
 *
 * <p>Not thread-safe.
 */
final class BufferedView implements MetaView {
  /** The latest change of one key. */
  static final class Change implements MergingVisitor.Row {
    private final MetaTable table;
    private final byte[] key;
    private byte @Nullable [] value;

    private Change(MetaTable table, byte[] key, byte @Nullable [] value) {
      this.table = table;
      this.key = key;
      this.value = value;
    }

    MetaTable table() {
      return table;
    }

    @Override
    public byte[] key() {
      return key;
    }

    @Override
    public byte @Nullable [] value() {
      return value;
    }
  }

  private final MetaReader base;
  private final Map<MetaTable, NavigableMap<byte[], Change>> tables =
      new EnumMap<>(MetaTable.class);
  private final List<Change> changes = new ArrayList<>();

  BufferedView(MetaReader base) {
    this.base = base;
    for (MetaTable table : MetaTable.values()) {
      tables.put(table, new TreeMap<>(Arrays::compareUnsigned));
    }
  }

  /** One change a key, in the order the keys were first changed. */
  List<Change> changes() {
    return changes;
  }

  private NavigableMap<byte[], Change> rows(MetaTable table) {
    return Objects.requireNonNull(tables.get(table));
  }

  void clear() {
    for (Change change : changes) {
      rows(change.table).clear();
    }
    changes.clear();
  }

  @Override
  public byte @Nullable [] get(MetaTable table, byte[] key) {
    Change change = rows(table).get(key);
    return change != null ? change.value : base.get(table, key);
  }

  @Override
  public void put(MetaTable table, byte[] key, byte[] value) {
    change(table, key, value);
  }

  @Override
  public void delete(MetaTable table, byte[] key) {
    change(table, key, null);
  }

  private void change(MetaTable table, byte[] key, byte @Nullable [] value) {
    NavigableMap<byte[], Change> rows = rows(table);
    Change change = rows.get(key);
    if (change != null) {
      change.value = value;
      return;
    }
    change = new Change(table, key, value);
    rows.put(key, change);
    changes.add(change);
  }

  @Override
  public void scan(MetaTable table, byte[] from, byte[] end, int max, Visitor visitor) {
    NavigableMap<byte[], Change> rows = rows(table).subMap(from, true, end, false);
    if (rows.isEmpty()) {
      base.scan(table, from, end, max, visitor);
      return;
    }
    MergingVisitor merge = new MergingVisitor(rows.values().iterator(), max, visitor);
    // Every row changed here may hide one of the base.
    base.scan(table, from, end, (int) Math.min((long) max + rows.size(), Integer.MAX_VALUE), merge);
    merge.finish();
  }
}
