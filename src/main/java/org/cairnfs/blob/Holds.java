package org.cairnfs.blob;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;

/**
 * Blobs that writers elsewhere rely on though no metadata seen here refers to them yet: each is
 * held for the time given at least, and for twice as long at most.
 *
 * <p>A few bytes a blob, in two sets that take turns. When one is full, everything is held until
 * its time is over: rather garbage stays than a blob goes. Thread-safe.
 */
final class Holds {
  /** Blobs held one by one, in each of two sets: 16 MiB of memory each. */
  private static final int HELD_MAX = 1 << 20;

  private final long nanos;
  private final LongSupplier ticker;
  private final int heldMax;

  /** Guarded by this, as is everything below. */
  private LongSet young = new LongSet();

  private LongSet old = new LongSet();
  private boolean youngIsFull;
  private boolean oldIsFull;
  private long youngSinceNanos;
  private boolean everything;
  private long everythingUntilNanos;

  Holds(Duration time, LongSupplier ticker) {
    this(time, ticker, HELD_MAX);
  }

  Holds(Duration time, LongSupplier ticker, int heldMax) {
    this.nanos = time.toNanos();
    this.ticker = ticker;
    this.heldMax = heldMax;
    youngSinceNanos = ticker.getAsLong();
  }

  /** How long each is held at least. */
  long nanos() {
    return nanos;
  }

  synchronized void add(BlobId id) {
    turn();
    if (young.size() >= heldMax) {
      youngIsFull = true;
    } else {
      young.add(id.word0());
    }
  }

  /** Holds every blob there is for the time. */
  synchronized void addAll() {
    everything = true;
    everythingUntilNanos = ticker.getAsLong() + nanos;
  }

  /** Whether the blob is held; now and then true of one that is not. */
  synchronized boolean has(BlobId id) {
    turn();
    return everything
        || youngIsFull
        || oldIsFull
        || young.contains(id.word0())
        || old.contains(id.word0());
  }

  /** Whether every blob is held, known or not. */
  synchronized boolean hasAll() {
    turn();
    return everything;
  }

  private void turn() {
    long now = ticker.getAsLong();
    if (everything && now - everythingUntilNanos >= 0) {
      everything = false;
    }
    // At most twice: after so long both are empty.
    for (int i = 0; i < 2 && now - youngSinceNanos >= nanos; i++) {
      LongSet emptied = old;
      emptied.clear();
      old = young;
      oldIsFull = youngIsFull;
      young = emptied;
      youngIsFull = false;
      youngSinceNanos += nanos;
    }
    if (now - youngSinceNanos >= nanos) {
      youngSinceNanos = now;
    }
  }
}
