package org.cairnfs.node.rehearsal;

import java.util.concurrent.CompletableFuture;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SteadyLog;

/** A log that applies every entry at once, and keeps none. Thread-safe. */
final class ScratchLog implements SteadyLog {
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
}
