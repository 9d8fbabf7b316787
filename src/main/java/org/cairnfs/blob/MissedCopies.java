package org.cairnfs.blob;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies that were not made when their blobs were written, though the writers were content with
 * those elsewhere: nobody has to wait for a walk to make them, and until they are made they are
 * known to be missing, once the metadata refers to the blobs. Thread-safe.
 */
final class MissedCopies {
  private static final Logger LOG = LoggerFactory.getLogger(MissedCopies.class);

  /** Of more than that some are found by a walk like all others. */
  private static final int MAX = 8192;

  /** A blob, and the node that does not have it. */
  record Copy(BlobId blob, NodeId node) {}

  private final LocalBlobs local;
  private final BlobCatalog catalog;
  private final BlobNodes nodes;
  private final ClusterSettings settings;
  private final LongSupplier ticker;

  /** With the time when each was missed last. */
  private final Map<Copy, Long> missedNanos = new ConcurrentHashMap<>();

  MissedCopies(
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
  boolean add(BlobId blob, NodeId node) {
    boolean first = missedNanos.isEmpty();
    if (missedNanos.size() < MAX) {
      missedNanos.put(new Copy(blob, node), ticker.getAsLong());
    }
    return first;
  }

  boolean isEmpty() {
    return missedNanos.isEmpty();
  }

  /** It was made. */
  void remove(Copy copy) {
    missedNanos.remove(copy);
  }

  /** Those known, whether they are needed or not, as they were at some time during the call. */
  List<Copy> list() {
    return List.copyOf(missedNanos.keySet());
  }

  /** Whether there are none that might still be needed; forgets the others. */
  boolean areSettled() {
    missedNanos.keySet().forEach(this::mayBeNeeded);
    return missedNanos.isEmpty();
  }

  /** Whether the copy might still be needed; forgets it if not. */
  boolean mayBeNeeded(Copy copy) {
    Long since = missedNanos.get(copy);
    if (since == null) {
      return false;
    }
    // Who takes longer than that has the nodes asked again before the metadata refers to a blob.
    boolean isNew = ticker.getAsLong() - since < settings.hold().toNanos();
    boolean needed = belongs(copy) && !isMade(copy) && (isNew || isReferenced(copy));
    if (!needed) {
      missedNanos.remove(copy, since);
    }
    return needed;
  }

  /** How many are missing of blobs that the metadata refers to. */
  long count() {
    return missedNanos.keySet().stream()
        .filter(copy -> isReferenced(copy) && belongs(copy) && !isMade(copy))
        .count();
  }

  private boolean isReferenced(Copy copy) {
    return catalog.isReferenced(copy.blob());
  }

  private boolean belongs(Copy copy) {
    int replicas = nodes.replication().replicasOf(nodes.nodes().size());
    return Placement.placed(copy.blob(), nodes.nodes(), replicas).stream()
        .anyMatch(node -> node.id().equals(copy.node()));
  }

  /** Of another node that is known only when it says so. */
  private boolean isMade(Copy copy) {
    if (!copy.node().equals(nodes.self())) {
      return false;
    }
    try {
      return local.lengthBytes(copy.blob()).isPresent();
    } catch (IOException e) {
      LOG.debug("Cannot look for blob {}", copy.blob(), e);
      return false;
    }
  }
}
