package org.cairnfs.vfs;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;

/** A log of one host without a disk: every entry is applied when it is proposed. */
final class DirectMetaLog implements MetaLog {
  private final MetaStore store;
  private long index;

  DirectMetaLog(MetaStore store) {
    this.store = store;
  }

  @Override
  public synchronized CompletableFuture<byte[]> propose(byte[] entry) {
    index++;
    return CompletableFuture.completedFuture(store.apply(1, index, entry));
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
