package org.cairnfs.node.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;

/** The log of several nodes of one process: what is proposed is applied by all at once. */
final class SharedLog implements MetaLog {
  /** Guarded by this, as is what follows. */
  private final List<byte[]> entries = new ArrayList<>();

  private final List<MetaStore> stores = new ArrayList<>();

  /** One more node: its store gets all there is, and what comes. */
  synchronized void add(MetaStore store) {
    for (int i = 0; i < entries.size(); i++) {
      store.apply(1, i + 1, entries.get(i));
    }
    stores.add(store);
  }

  synchronized void remove(MetaStore store) {
    stores.remove(store);
  }

  @Override
  public synchronized CompletableFuture<byte[]> propose(byte[] entry) {
    entries.add(entry);
    byte[] reply = new byte[0];
    for (MetaStore store : stores) {
      reply = store.apply(1, entries.size(), entry);
    }
    return CompletableFuture.completedFuture(reply);
  }

  @Override
  public boolean hasLeader() {
    return true;
  }

  @Override
  public @Nullable PosixException stalled() {
    return null;
  }

  @Override
  public void onStall(Consumer<PosixException> listener) {
    // never stalls
  }

  @Override
  public void close() {
    // holds nothing
  }
}
