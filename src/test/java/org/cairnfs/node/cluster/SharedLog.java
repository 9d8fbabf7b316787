package org.cairnfs.node.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SteadyLog;

/** The log of several nodes of one process: what is proposed is applied by all at once. */
final class SharedLog implements SteadyLog {
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
}
