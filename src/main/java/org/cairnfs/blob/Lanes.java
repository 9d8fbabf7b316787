package org.cairnfs.blob;

import static java.util.stream.Collectors.toSet;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.cairnfs.core.NodeId;

/** The {@link Lane} to each peer, made when something goes there first. Thread-safe. */
final class Lanes {
  /** How long what is small waits for more to go with, when nobody waits for it. */
  private static final long GATHER_MILLIS = 50;

  private final BlobPeers peers;
  private final ClusterBlobs.Threads threads;
  private final ConcurrentMap<NodeId, Lane> lanes = new ConcurrentHashMap<>();

  Lanes(BlobPeers peers, ClusterBlobs.Threads threads) {
    this.peers = peers;
    this.threads = threads;
  }

  void add(NodeId to, Lane.Cargo cargo) {
    lanes.computeIfAbsent(to, this::lane).add(cargo);
  }

  private Lane lane(NodeId to) {
    return new Lane(to, peers, task -> {
      boolean unused = threads.transferAfter(GATHER_MILLIS, task);
    });
  }

  /** Nothing is to wait for more to go with: somebody waits for it, or will before long. */
  void hurry() {
    lanes.values().forEach(Lane::hurry);
  }

  /** Nodes went, or are down: nothing gets there any more. */
  void changed(List<BlobNode> nodes) {
    for (BlobNode node : nodes) {
      Lane lane = lanes.get(node.id());
      if (lane != null && !node.live()) {
        lane.abort();
      }
    }
    Set<NodeId> known = nodes.stream().map(BlobNode::id).collect(toSet());
    lanes.forEach((id, lane) -> {
      if (!known.contains(id) && lanes.remove(id, lane)) {
        lane.abort();
      }
    });
  }
}
