package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;

/**
 * Where blobs belong: weighted rendezvous hashing of blob and node, different zones first.
 *
 * <p>Nobody stores where a blob is: every node that knows the same nodes comes to the same answer.
 * A node's score for a blob is {@code -weight / ln(h)} with {@code h} their hash in (0, 1), so the
 * node with the highest score is a node with a probability proportional to its weight, and when a
 * node comes or goes only blobs that belong to it move (Wang and Ravishankar, "Hash-based virtual
 * hierarchies for scalable location service"; Schindelhauer and Schomaker, "Weighted distributed
 * hash tables", SPAA 2005). Pure functions; the same bits on every Java platform.
 */
final class Placement {
  /** 2^-53: as many bits as a double has between 0 and 1. */
  private static final double ULP = 0x1.0p-53;

  private record Scored(BlobNode node, double score) {}

  /** All of the nodes, in the order in which they are to keep the blob. */
  static List<BlobNode> order(BlobId blob, List<BlobNode> nodes) {
    List<Scored> scored = new ArrayList<>(nodes.size());
    for (BlobNode node : nodes) {
      scored.add(new Scored(node, score(blob, node)));
    }
    scored.sort(Comparator.comparingDouble(Scored::score)
        .reversed()
        .thenComparing(each -> each.node().id()));
    List<BlobNode> order = new ArrayList<>(nodes.size());
    List<BlobNode> seconds = new ArrayList<>();
    Set<String> zones = new HashSet<>();
    for (Scored each : scored) {
      String zone = each.node().zone();
      (zone.isEmpty() || zones.add(zone) ? order : seconds).add(each.node());
    }
    order.addAll(seconds);
    return order;
  }

  /** The nodes to which the blob belongs: that many, or all that take blobs, the best first. */
  static List<BlobNode> placed(BlobId blob, List<BlobNode> nodes, int replicas) {
    List<BlobNode> placeable = nodes.stream().filter(BlobNode::placeable).toList();
    List<BlobNode> order = order(blob, placeable);
    return order.subList(0, Math.min(replicas, order.size()));
  }

  private static double score(BlobId blob, BlobNode node) {
    double hash = ((hash(blob, node.id()) >>> 11) + 0.5) * ULP;
    return -node.weight() / StrictMath.log(hash);
  }

  /** Both are hashes already, so what is left to do is to mix them. */
  private static long hash(BlobId blob, NodeId node) {
    long hash = mix(blob.word0() ^ node.word0());
    hash = mix(hash ^ blob.word1());
    hash = mix(hash ^ node.word1());
    hash = mix(hash ^ blob.word2());
    return mix(hash ^ node.word2());
  }

  /** The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  private static long mix(long bits) {
    long mixed = bits + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }

  private Placement() {}
}
