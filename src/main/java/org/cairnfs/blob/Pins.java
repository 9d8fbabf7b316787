package org.cairnfs.blob;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.BlobId;

/**
 * Counts who needs a blob that the metadata may not refer to yet, and keeps its writers and its
 * collector apart.
 *
 * <p>Thread-safe. Pinning and deciding to collect happen under {@link #lockOf}; unpinning needs no
 * lock.
 */
final class Pins {
  /** Locks shared by all blobs; more than threads that would hold one. */
  private static final int STRIPES = 64;

  private final ConcurrentMap<BlobId, Integer> counts = new ConcurrentHashMap<>();
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

  Pins() {
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new ReentrantLock();
    }
  }

  /** The lock that orders writing and collecting of the blob. */
  ReentrantLock lockOf(BlobId id) {
    return stripes[Math.floorMod(id.hashCode(), STRIPES)];
  }

  void add(BlobId id) {
    counts.merge(id, 1, Integer::sum);
  }

  /**
   * Ends one pin.
   *
   * @throws IllegalStateException if there is none
   */
  void remove(BlobId id) {
    counts.compute(id, (key, count) -> {
      if (count == null) {
        throw new IllegalStateException("blob " + id + " was not pinned");
      }
      return count == 1 ? null : count - 1;
    });
  }

  boolean has(BlobId id) {
    return counts.containsKey(id);
  }
}
