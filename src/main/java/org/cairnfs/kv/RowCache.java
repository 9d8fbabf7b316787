package org.cairnfs.kv;

import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Rows that were read or written last, absent ones included: one operation of a program reads the
 * same few rows many times over, and the engine takes microseconds for each.
 *
 * <p>A fixed number of slots, each for the keys that hash to it, so the memory is bounded and
 * nothing needs evicting. Thread-safe without locks: whoever fills a slot from the engine swaps out
 * what it saw there before it read, and {@link #changed} always puts a new object in, so a value
 * that was read before a change never replaces what the change left.
 */
public final class RowCache {
  private record Row(KvStore.Table table, byte[] key, byte @Nullable [] value) {
    boolean isOf(KvStore.Table wantedTable, byte[] wantedKey) {
      return table == wantedTable && Arrays.equals(key, wantedKey);
    }
  }

  private final KvStore.Table[] tables;
  private final int valueMaxBytes;
  private final AtomicReferenceArray<@Nullable Object> slots;

  /**
   * Empty.
   *
   * @param tables whose rows are kept
   * @param slots a power of two
   * @param valueMaxBytes longer values are not kept
   */
  public RowCache(Set<KvStore.Table> tables, int slots, int valueMaxBytes) {
    this.tables = tables.toArray(KvStore.Table[]::new);
    this.valueMaxBytes = valueMaxBytes;
    this.slots = new AtomicReferenceArray<>(slots);
  }

  /** Reads from the engine what is not here. */
  public interface Engine {
    byte @Nullable [] get(KvStore.Table table, byte[] key);
  }

  /** The value of a row, which must not be changed; null if there is none. */
  public byte @Nullable [] get(KvStore.Table table, byte[] key, Engine engine) {
    if (!keeps(table)) {
      return engine.get(table, key);
    }
    int slot = slotOf(table, key);
    Object seen = slots.get(slot);
    if (seen instanceof Row row && row.isOf(table, key)) {
      return row.value;
    }
    byte[] value = engine.get(table, key);
    if (value == null || value.length <= valueMaxBytes) {
      slots.compareAndSet(slot, seen, new Row(table, key, value));
    }
    return value;
  }

  /** The engine has a new value for the key, or none any more. */
  public void changed(KvStore.Table table, byte[] key, byte @Nullable [] value) {
    if (keeps(table)) {
      boolean keep = value == null || value.length <= valueMaxBytes;
      slots.set(slotOf(table, key), keep ? new Row(table, key, value) : new Object());
    }
  }

  /** The engine has other rows altogether. */
  public void clear() {
    for (int slot = 0; slot < slots.length(); slot++) {
      slots.set(slot, new Object());
    }
  }

  private boolean keeps(KvStore.Table table) {
    for (KvStore.Table kept : tables) {
      if (kept == table) {
        return true;
      }
    }
    return false;
  }

  private int slotOf(KvStore.Table table, byte[] key) {
    int hash = (Arrays.hashCode(key) * 31 + table.name().hashCode()) * 0x9E3779B9;
    return hash >>> (Integer.SIZE - Integer.numberOfTrailingZeros(slots.length()));
  }
}
