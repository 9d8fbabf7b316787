package org.cairnfs.meta;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Committed rows that were read or written last, absent ones included: one operation of a program
 * reads the same few rows many times over, and the engine takes microseconds for each.
 *
 * <p>A fixed number of slots, each for the keys that hash to it, so the memory is bounded and
 * nothing needs evicting. Thread-safe without locks: whoever fills a slot from the engine swaps out
 * what it saw there before it read, and {@link #changed} always puts a new object in, so a value
 * that was read before a change never replaces what the change left.
 */
final class RowCache {
  /** The tables that programs wait for. */
  private static final Set<MetaTable> TABLES =
      EnumSet.of(MetaTable.INODE, MetaTable.DENTRY, MetaTable.EXTENT);

  private static final int SLOTS = 1 << 14;

  /** Larger ones are few, and not worth their memory. */
  private static final int VALUE_MAX_BYTES = 512;

  private record Row(MetaTable table, byte[] key, byte @Nullable [] value) {
    boolean isOf(MetaTable wantedTable, byte[] wantedKey) {
      return table == wantedTable && Arrays.equals(key, wantedKey);
    }
  }

  private final AtomicReferenceArray<@Nullable Object> slots = new AtomicReferenceArray<>(SLOTS);

  /** Reads from the engine what is not here. */
  interface Engine {
    byte @Nullable [] get(MetaTable table, byte[] key);
  }

  byte @Nullable [] get(MetaTable table, byte[] key, Engine engine) {
    if (!TABLES.contains(table)) {
      return engine.get(table, key);
    }
    int slot = slotOf(table, key);
    Object seen = slots.get(slot);
    if (seen instanceof Row row && row.isOf(table, key)) {
      return row.value;
    }
    byte[] value = engine.get(table, key);
    if (value == null || value.length <= VALUE_MAX_BYTES) {
      slots.compareAndSet(slot, seen, new Row(table, key, value));
    }
    return value;
  }

  /** The engine has a new value for the key, or none any more. */
  void changed(MetaTable table, byte[] key, byte @Nullable [] value) {
    if (TABLES.contains(table)) {
      boolean keep = value == null || value.length <= VALUE_MAX_BYTES;
      slots.set(slotOf(table, key), keep ? new Row(table, key, value) : new Object());
    }
  }

  /** The engine has other rows altogether. */
  void clear() {
    for (int slot = 0; slot < SLOTS; slot++) {
      slots.set(slot, new Object());
    }
  }

  private static int slotOf(MetaTable table, byte[] key) {
    int hash = (Arrays.hashCode(key) * 31 + table.hashCode()) * 0x9E3779B9;
    return hash >>> (Integer.SIZE - Integer.numberOfTrailingZeros(SLOTS));
  }
}
