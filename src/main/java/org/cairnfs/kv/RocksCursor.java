package org.cairnfs.kv;

import java.io.UncheckedIOException;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** A cursor over one column family. Every use is guarded against a store closed meanwhile. */
final class RocksCursor implements KvCursor {
  private final RocksKvStore store;
  private final RocksIterator iterator;

  RocksCursor(RocksKvStore store, RocksIterator iterator) {
    this.store = store;
    this.iterator = iterator;
  }

  @Override
  public boolean seek(byte[] key) {
    store.enter();
    try {
      requireOpen();
      iterator.seek(key);
      return validOrFailed();
    } finally {
      store.leave();
    }
  }

  @Override
  public boolean next() {
    store.enter();
    try {
      requireOnKey();
      iterator.next();
      return validOrFailed();
    } finally {
      store.leave();
    }
  }

  @Override
  public byte[] key() {
    store.enter();
    try {
      requireOnKey();
      return iterator.key();
    } finally {
      store.leave();
    }
  }

  @Override
  public byte[] value() {
    store.enter();
    try {
      requireOnKey();
      return iterator.value();
    } finally {
      store.leave();
    }
  }

  @Override
  public void close() {
    store.release(this);
  }

  /** Releases the native iterator; the store calls it with nobody else inside. */
  void dispose() {
    iterator.close();
  }

  private boolean validOrFailed() {
    if (iterator.isValid()) {
      return true;
    }
    try {
      // The end and a failed read look alike until asked.
      iterator.status();
    } catch (RocksDBException e) {
      throw new UncheckedIOException(RocksErrors.toIoException("read the store", e));
    }
    return false;
  }

  private void requireOpen() {
    if (!iterator.isOwningHandle()) {
      throw new IllegalStateException("the cursor is closed");
    }
  }

  private void requireOnKey() {
    requireOpen();
    if (!iterator.isValid()) {
      throw new IllegalStateException("the cursor is not on a key");
    }
  }
}
