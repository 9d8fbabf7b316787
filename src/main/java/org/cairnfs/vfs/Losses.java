package org.cairnfs.vfs;

import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;

/**
 * How often changes were lost with the session, so that everybody who relies on a sync is told
 * once: whoever had something open then, and if nobody has been told yet, who opens something
 * later. What Linux does for write-back errors (errseq_t). Thread-safe.
 */
final class Losses {
  /** Guarded by this, as is the other. */
  private long count;

  /** Of the losses, those that somebody was told of. */
  private long told;

  /** One who syncs. */
  final class Hearer {
    /** Guarded by the losses. */
    private long heard;

    private Hearer(long heard) {
      this.heard = heard;
    }

    /** Whether there was a loss since it was last told of one. */
    boolean hears() {
      synchronized (Losses.this) {
        boolean news = heard < count;
        heard = count;
        told = news ? count : told;
        return news;
      }
    }

    /** @throws PosixException if there was a loss since it was last told of one */
    void requireNone() {
      if (hears()) {
        throw error();
      }
    }
  }

  static PosixException error() {
    return new PosixException(Errno.EIO, "what was changed before was lost with the session");
  }

  synchronized void add() {
    count++;
  }

  /** Somebody opens something. */
  synchronized Hearer hearer() {
    return new Hearer(told);
  }
}
