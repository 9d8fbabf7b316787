package org.cairnfs.blob;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;

/**
 * Since when it is known of blobs pinned here that enough nodes hold them. Knowledge grows stale
 * when half of the time is over for which they do: the other half is for the commit. Thread-safe.
 */
final class SafeBlobs {
  private final LocalBlobs local;
  private final long goodNanos;
  private final LongSupplier ticker;
  private final ConcurrentMap<BlobId, Long> since = new ConcurrentHashMap<>();

  SafeBlobs(LocalBlobs local, ClusterSettings settings, LongSupplier ticker) {
    this.local = local;
    this.goodNanos = settings.hold().toNanos() / 2;
    this.ticker = ticker;
  }

  boolean isStale(long sinceNanos) {
    return ticker.getAsLong() - sinceNanos >= goodNanos;
  }

  boolean has(BlobId id) {
    Long known = since.get(id);
    return known != null && !isStale(known);
  }

  /** Enough nodes hold it, which were asked after that moment. */
  void add(BlobId id, long askedNanos) {
    if (local.isPinned(id)) {
      since.merge(id, askedNanos, Math::max);
      if (!local.isPinned(id)) {
        since.remove(id);
      }
    }
  }

  /** A pin ended. */
  void remove(BlobId id) {
    since.remove(id);
  }
}
