package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;

/** Where new blobs go, and how many copies make one safe, with the nodes as they are. */
record WriteTargets(BlobNodes nodes) {
  /** Of the metadata log; there is an odd number of them. */
  private static final int VOTERS_MAX = 5;

  /**
   * Copies of a blob that make it safe, this node's among them: W of R, as far as there are nodes
   * to be reached. But as many as the log needs voters for a commit there must be whoever seems to
   * be down or out: else a node that was cut off, and is not any more, would commit what only it
   * has.
   */
  int copiesNeeded() {
    int all = nodes.nodes().size();
    int reachable = 1;
    for (BlobNode node : nodes.nodes()) {
      reachable += node.live() && isPeer(node) ? 1 : 0;
    }
    return Math.min(nodes.replication().writeQuorumOf(all), Math.max(reachable, quorum(all)));
  }

  /** The majority of the voters of so many nodes. */
  private static int quorum(int count) {
    int voters = Math.min(VOTERS_MAX, count - (count + 1) % 2);
    return voters / 2 + 1;
  }

  boolean isPeer(BlobNode node) {
    return !node.id().equals(nodes.self());
  }

  /** The peers to which a blob belongs, whether they can be reached or not. */
  List<NodeId> peersOf(BlobId id) {
    List<BlobNode> all = nodes.nodes();
    return Placement.placed(id, all, nodes.replication().replicasOf(all.size())).stream()
        .filter(this::isPeer)
        .map(BlobNode::id)
        .toList();
  }

  /**
   * The nodes that can be reached, this one among them, the best first. Those that take no blobs in
   * the long run come last: better there than nowhere.
   */
  List<BlobNode> inOrder(BlobId id) {
    List<BlobNode> reachable = nodes.nodes().stream().filter(BlobNode::live).toList();
    List<BlobNode> order = new ArrayList<>(Placement.order(id, reachable));
    order.sort(Comparator.comparing(BlobNode::placeable).reversed());
    return order;
  }

  /** Peers that are to have a blob, of those in this order. */
  int peersWanted(List<BlobNode> order) {
    int wanted = 0;
    int replicas = nodes.replication().replicasOf(order.size());
    for (BlobNode node : order.subList(0, replicas)) {
      wanted += isPeer(node) && node.placeable() ? 1 : 0;
    }
    return Math.max(wanted, copiesNeeded() - 1);
  }
}
