package org.cairnfs.meta;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.cairnfs.kv.KvStore;
import org.jspecify.annotations.Nullable;

/** Reads what {@link MetaSnapshot} writes, once. Not thread-safe. */
final class SnapshotReader {
  /** Rows are written to the store so many bytes at a time. */
  private static final int BATCH_BYTES = 1 << 20;

  private static final int VALUE_MAX_BYTES = MetaLog.MAX_ENTRY_BYTES;

  private record Row(MetaTable table, byte[] key, byte[] value) {}

  private final DataInputStream in;
  private final LogPosition position;
  private @Nullable MetaTable table;
  private long rows;

  private SnapshotReader(DataInputStream in, LogPosition position) {
    this.in = in;
    this.position = position;
  }

  static SnapshotReader open(InputStream rows) throws IOException {
    DataInputStream in = new DataInputStream(rows);
    if (in.readInt() != MetaSnapshot.MAGIC) {
      throw new IOException("not a snapshot of the metadata");
    }
    int version = in.readUnsignedByte();
    if (version != MetaSnapshot.VERSION) {
      throw new IOException("a snapshot of version " + version + ", which this build cannot read");
    }
    return new SnapshotReader(in, new LogPosition(in.readLong(), in.readLong()));
  }

  /** Where in the log it was taken. */
  LogPosition position() {
    return position;
  }

  /** Reads it to its end. */
  void check() throws IOException {
    Row row = next();
    while (row != null) {
      row = next();
    }
  }

  /** Puts all rows into a store whose tables are empty. */
  void load(KvStore kv, Function<MetaTable, KvStore.Table> tables) throws IOException {
    List<Row> batch = new ArrayList<>();
    // Last, and in one piece: with them the store counts as complete.
    List<Row> system = new ArrayList<>();
    long bytes = 0;
    for (Row row = next(); row != null; row = next()) {
      if (row.table() == MetaTable.SYSTEM) {
        system.add(row);
        continue;
      }
      batch.add(row);
      bytes += row.key().length + row.value().length;
      if (bytes >= BATCH_BYTES) {
        write(kv, tables, batch);
        bytes = 0;
      }
    }
    batch.addAll(system);
    write(kv, tables, batch);
  }

  private static void write(KvStore kv, Function<MetaTable, KvStore.Table> tables, List<Row> rows) {
    kv.write(
        batch -> rows.forEach(row -> batch.put(tables.apply(row.table()), row.key(), row.value())));
    rows.clear();
  }

  /** Null at the end. */
  private @Nullable Row next() throws IOException {
    while (true) {
      switch (in.readByte()) {
        case MetaSnapshot.TABLE -> table = table();
        case MetaSnapshot.ROW -> {
          return row();
        }
        case MetaSnapshot.END -> {
          if (in.readLong() != rows) {
            throw new IOException("a snapshot of which rows are missing");
          }
          return null;
        }
        default -> throw new IOException("not a snapshot of the metadata");
      }
    }
  }

  private MetaTable table() throws IOException {
    String name = new String(in.readNBytes(in.readUnsignedByte()), US_ASCII);
    for (MetaTable known : MetaTable.values()) {
      if (known.tableName().equals(name)) {
        return known;
      }
    }
    throw new IOException("a snapshot with a table " + name + ", which this build does not know");
  }

  private Row row() throws IOException {
    MetaTable of = table;
    int keyBytes = in.readUnsignedShort();
    int valueBytes = in.readInt();
    if (of == null || valueBytes < 0 || valueBytes > VALUE_MAX_BYTES) {
      throw new IOException("not a snapshot of the metadata");
    }
    byte[] key = new byte[keyBytes];
    in.readFully(key);
    byte[] value = new byte[valueBytes];
    in.readFully(value);
    rows++;
    return new Row(of, key, value);
  }
}
