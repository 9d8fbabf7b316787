package org.cairnfs.blob;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs that other nodes put here and that could not be stored, on a full disk above all: their
 * writers are content with the copies elsewhere, so this node has to see to it that it gets its own
 * when there is room, once the metadata refers to them. Thread-safe.
 */
final class RefusedBlobs {
  private static final Logger LOG = LoggerFactory.getLogger(RefusedBlobs.class);

  /** Of more than that some are found by a walk like all others. */
  private static final int MAX = 8192;

  private final LocalBlobs local;
  private final BlobCatalog catalog;
  private final BlobNodes nodes;
  private final ClusterSettings settings;
  private final LongSupplier ticker;

  /** With the time when each was refused last. */
  private final Map<BlobId, Long> refusedNanos = new ConcurrentHashMap<>();

  RefusedBlobs(
      LocalBlobs local,
      BlobCatalog catalog,
      BlobNodes nodes,
      ClusterSettings settings,
      LongSupplier ticker) {
    this.local = local;
    this.catalog = catalog;
    this.nodes = nodes;
    this.settings = settings;
    this.ticker = ticker;
  }

  /** Returns whether there was none before. */
  boolean add(BlobId id) {
    boolean first = refusedNanos.isEmpty();
    if (refusedNanos.size() < MAX) {
      refusedNanos.put(id, ticker.getAsLong());
    }
    return first;
  }

  /** Whether there are none, or none that might still belong here; forgets the others. */
  boolean areSettled() {
    long now = ticker.getAsLong();
    // Who takes longer than that has the nodes asked again before the metadata refers to a blob.
    long wait = settings.hold().toNanos();
    refusedNanos.forEach((id, since) -> {
      boolean mayBeNeeded = isMissing(id) || (!isHere(id) && now - since < wait);
      if (!mayBeNeeded) {
        refusedNanos.remove(id, since);
      }
    });
    return refusedNanos.isEmpty();
  }

  /** How many the metadata refers to that belong here and are not here. */
  long missing() {
    return refusedNanos.keySet().stream().filter(this::isMissing).count();
  }

  private boolean isMissing(BlobId id) {
    return catalog.isReferenced(id) && belongsHere(id) && !isHere(id);
  }

  private boolean belongsHere(BlobId id) {
    NodeId self = nodes.self();
    int replicas = nodes.replication().replicasOf(nodes.nodes().size());
    return Placement.placed(id, nodes.nodes(), replicas).stream()
        .anyMatch(node -> node.id().equals(self));
  }

  private boolean isHere(BlobId id) {
    try {
      return local.lengthBytes(id).isPresent();
    } catch (IOException e) {
      LOG.debug("Cannot look for blob {}", id, e);
      return false;
    }
  }
}
