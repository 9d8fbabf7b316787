package org.cairnfs.node.rehearsal;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;

/** A log that applies every entry at once, and keeps none. Thread-safe. */
final class ScratchLog implements MetaLog {
  private static final long TERM = 1;

  private final MetaStore store;

  /** Guarded by this. */
  private long entries;

  ScratchLog(MetaStore store) {
    this.store = store;
  }

  @Override
  public synchronized CompletableFuture<byte[]> propose(byte[] entry) {
    entries++;
    return CompletableFuture.completedFuture(store.apply(TERM, entries, entry));
  }

  @Override
  public boolean hasLeader() {
    return true;
  }

  @Override
  public @Nullable PosixException stalled() {
    return null;
  }

  /** It never stalls. */
  @Override
  public void onStall(Consumer<PosixException> listener) {}

  @Override
  public void close() {}
}
