package org.cairnfs.vfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SteadyLog;
import org.jspecify.annotations.Nullable;

/**
 * A log of one host on a disk that is in memory and never late: every entry is there and applied
 * when it was proposed.
 */
public final class DirectMetaLog implements SteadyLog {
  private final MetaStore store;
  private final BooleanSupplier off;

  private volatile @Nullable PosixException stall;

  /** Guarded by this. */
  private final List<byte[]> entries = new ArrayList<>();

  /** A new log for an empty store. */
  public DirectMetaLog(MetaStore store) {
    this(store, List.of(), () -> false);
  }

  /**
   * A log that has entries, which are applied to an empty store.
   *
   * @param off whether the power is off: then nothing is accepted
   */
  DirectMetaLog(MetaStore store, List<byte[]> entries, BooleanSupplier off) {
    this.store = store;
    this.off = off;
    entries.forEach(this::apply);
  }

  /** What a power cut leaves. */
  synchronized List<byte[]> entries() {
    return List.copyOf(entries);
  }

  @Override
  public synchronized CompletableFuture<byte[]> propose(byte[] entry) {
    return off.getAsBoolean()
        ? CompletableFuture.failedFuture(new IOException("the power is off"))
        : CompletableFuture.completedFuture(apply(entry));
  }

  /** From now on the log says that it waits for this, until it is null. */
  void stall(@Nullable PosixException reason) {
    stall = reason;
  }

  @Override
  public @Nullable PosixException stalled() {
    return stall;
  }

  private byte[] apply(byte[] entry) {
    entries.add(entry);
    return store.apply(1, entries.size(), entry);
  }
}
