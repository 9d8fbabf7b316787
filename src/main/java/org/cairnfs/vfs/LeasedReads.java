package org.cairnfs.vfs;

import java.util.function.Consumer;
import java.util.function.Function;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Leases;
import org.cairnfs.meta.Needs;
import org.jspecify.annotations.Nullable;

/**
 * Runs what reads names and attributes, so that it sees everything other sessions did before.
 *
 * <p>Nothing keeps the leases while something is read: what was read while one was lacking or lost
 * may be a mixture of before and after, and is read again. Thread-safe.
 */
final class LeasedReads {
  /**
   * Something that takes longer than any turn with the leases is content with a mixture in the end.
   */
  private static final int ATTEMPTS = 64;

  private final Leases leases;
  private final Invalidations invalidations;

  LeasedReads(Leases leases, Invalidations invalidations) {
    this.leases = leases;
    this.invalidations = invalidations;
  }

  /** Reads; {@code read} changes nothing, names what it reads, and may run several times. */
  <T extends @Nullable Object> T read(Function<Needs, T> read) {
    return read(read, result -> {});
  }

  /** The same for what leaves something behind, which {@code undo} takes back. */
  <T extends @Nullable Object> T read(Function<Needs, T> read, Consumer<T> undo) {
    Needs needs = leases.needs();
    for (int attempt = 1; ; attempt++) {
      needs.begin();
      T result;
      try {
        result = read.apply(needs);
      } catch (PosixException e) {
        if (needs.wereHeld() || attempt == ATTEMPTS) {
          throw e;
        }
        requireMissing(needs);
        continue;
      }
      if (needs.wereHeld() || attempt == ATTEMPTS) {
        return forgotten(result, needs, undo);
      }
      undo.accept(result);
      requireMissing(needs);
    }
  }

  /** Waits until the kernel has forgotten the pages of every file that others have written. */
  void awaitForgotten() {
    invalidations.await();
  }

  private void requireMissing(Needs needs) {
    if (needs.isMissing()) {
      leases.requireRead(needs);
    }
  }

  /** The kernel must have forgotten what is older than the result before it gets it. */
  private <T extends @Nullable Object> T forgotten(T result, Needs needs, Consumer<T> undo) {
    try {
      invalidations.await(needs.inodes());
      return result;
    } catch (PosixException e) {
      undo.accept(result);
      throw e;
    }
  }
}
