package org.cairnfs.vfs;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.VolumeLease;
import org.jspecify.annotations.Nullable;

/**
 * Runs what reads names and attributes, so that it sees everything other sessions did before.
 *
 * <p>Nothing keeps the lease while something is read: what was read while it was lost may be a
 * mixture of before and after, and is read again. Thread-safe.
 */
final class LeasedReads {
  /**
   * Something that takes longer than any turn with the lease is content with a mixture in the end.
   */
  private static final int ATTEMPTS = 32;

  private final VolumeLease lease;
  private final Invalidations invalidations;

  LeasedReads(VolumeLease lease, Invalidations invalidations) {
    this.lease = lease;
    this.invalidations = invalidations;
  }

  /** Reads; {@code read} changes nothing and may run several times. */
  <T extends @Nullable Object> T read(Supplier<T> read) {
    return read(read, result -> {});
  }

  /** The same for what leaves something behind, which {@code undo} takes back. */
  <T extends @Nullable Object> T read(Supplier<T> read, Consumer<T> undo) {
    for (int attempt = 1; ; attempt++) {
      long entered = lease.enter();
      if (!invalidations.isIdle()) {
        // others may have the lease meanwhile: whoever keeps pages busy may be waiting for it
        invalidations.await();
      }
      try {
        T result = read.get();
        if (lease.isStill(entered) || attempt == ATTEMPTS) {
          return result;
        }
        undo.accept(result);
      } catch (PosixException e) {
        if (lease.isStill(entered) || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }
}
