package org.cairnfs.kv;

import java.io.Closeable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A set of ordered tables. A batch is atomic and seen at once; it survives a crash only from the
 * next {@link #flush} on, and what survives is always a prefix of the batches, over all tables
 * together.
 *
 * <p>There is no write-ahead log: its users have one of their own (the Raft log, the segments) and
 * replay it. Thread-safe. A failure of the disk surfaces as {@link java.io.UncheckedIOException}.
 */
public interface KvStore extends Closeable {
  /** One of the tables named when the store was opened. */
  interface Table {
    String name();
  }

  /**
   * The table of that name.
   *
   * @throws IllegalArgumentException if the store was opened without it
   */
  Table table(String name);

  /** The value at {@code key}, a new array, or null. */
  byte @Nullable [] get(Table table, byte[] key);

  /**
   * A cursor over a consistent snapshot of the table, before its first key; the caller closes it.
   */
  KvCursor cursor(Table table);

  /** All tables as they are now; the caller closes it. */
  KvSnapshot snapshot();

  /**
   * Runs {@code work}, which may use the store, while every other use of it waits. Cursors and
   * snapshots made before stay as they are.
   */
  void exclusively(Runnable work);

  /**
   * Applies what {@code changes} puts into the batch, atomically; what it throws leaves the store
   * as it was.
   */
  void write(Consumer<KvBatch> changes);

  /** Returns when every batch written before is on stable storage, in all tables. */
  void flush();

  /** Approximate bytes of memory the engine holds, for the status. */
  long memoryBytes();

  /** Flushes and releases everything. */
  @Override
  void close();
}
