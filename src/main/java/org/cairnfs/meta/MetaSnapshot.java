package org.cairnfs.meta;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.cairnfs.kv.KvCursor;
import org.cairnfs.kv.KvSnapshot;
import org.cairnfs.kv.KvStore;
import org.jspecify.annotations.Nullable;

/**
 * All rows of the metadata at one position of the log, as bytes that are made while they are read:
 * docs/formats.md has them. Not thread-safe; holds little memory.
 */
public final class MetaSnapshot implements Closeable {
  static final int MAGIC = 0x43524d53;
  static final int VERSION = 1;
  static final byte END = 0;
  static final byte TABLE = 1;
  static final byte ROW = 2;

  private static final int HEADER_BYTES = Integer.BYTES + 1 + 2 * Long.BYTES;
  private static final int ROW_HEAD_BYTES = 1 + Short.BYTES + Integer.BYTES;

  private final KvStore kv;
  private final KvSnapshot snapshot;
  private final Deque<MetaTable> left = new ArrayDeque<>(Arrays.asList(MetaTable.values()));

  /** What was made and not yet taken. */
  private ByteBuffer made;

  private @Nullable KvCursor cursor;
  private boolean onRow;
  private long rows;
  private boolean ended;

  MetaSnapshot(KvStore kv) {
    this.kv = kv;
    this.snapshot = kv.snapshot();
    LogPosition position = position();
    this.made = ByteBuffer.allocate(HEADER_BYTES)
        .putInt(MAGIC)
        .put((byte) VERSION)
        .putLong(position.term())
        .putLong(position.index())
        .flip();
  }

  private LogPosition position() {
    try (KvCursor system = snapshot.cursor(kv.table(MetaTable.SYSTEM.tableName()))) {
      return system.seek(Keys.APPLIED) && Arrays.equals(system.key(), Keys.APPLIED)
          ? MetaStore.position(system.value())
          : LogPosition.NONE;
    }
  }

  /**
   * Fills {@code into}, which has room; returns whether there is more.
   *
   * @throws IOException if the disk failed
   */
  public boolean read(ByteBuffer into) throws IOException {
    try {
      while (into.hasRemaining()) {
        if (!made.hasRemaining()) {
          if (ended) {
            return false;
          }
          made = next();
        }
        int bytes = Math.min(made.remaining(), into.remaining());
        into.put(made.slice(made.position(), bytes));
        made.position(made.position() + bytes);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return made.hasRemaining() || !ended;
  }

  /** The next table's name, the next row, or the end. */
  private ByteBuffer next() {
    KvCursor current = cursor;
    if (current != null && onRow) {
      byte[] key = current.key();
      byte[] value = current.value();
      onRow = current.next();
      rows++;
      return ByteBuffer.allocate(ROW_HEAD_BYTES + key.length + value.length)
          .put(ROW)
          .putShort((short) key.length)
          .putInt(value.length)
          .put(key)
          .put(value)
          .flip();
    }
    closeCursor();
    MetaTable table = left.poll();
    if (table == null) {
      ended = true;
      return ByteBuffer.allocate(1 + Long.BYTES).put(END).putLong(rows).flip();
    }
    KvCursor opened = snapshot.cursor(kv.table(table.tableName()));
    cursor = opened;
    onRow = opened.seek(Keys.FIRST);
    byte[] name = table.tableName().getBytes(US_ASCII);
    return ByteBuffer.allocate(2 + name.length)
        .put(TABLE)
        .put((byte) name.length)
        .put(name)
        .flip();
  }

  private void closeCursor() {
    KvCursor closed = cursor;
    cursor = null;
    if (closed != null) {
      closed.close();
    }
  }

  @Override
  public void close() {
    closeCursor();
    snapshot.close();
  }

  /**
   * Reads what came from another node from its beginning to its end.
   *
   * @return where in the log it was taken
   * @throws IOException if it is not whole, or not what this build understands
   */
  public static LogPosition check(InputStream rows) throws IOException {
    SnapshotReader reader = SnapshotReader.open(rows);
    reader.check();
    return reader.position();
  }
}
