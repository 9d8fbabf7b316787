package org.cairnfs.blob;

import java.time.Duration;
import org.cairnfs.core.NodeId;

/**
 * A node that keeps blobs, as this node sees it at a moment.
 *
 * @param weight its share of the blobs, in relation to the other nodes' weights: its capacity in
 *     bytes; at least 1
 * @param zone what fails together has the same zone; empty if nobody said, and then the node is a
 *     zone of its own
 * @param live whether it can be talked to right now; this node always is
 * @param placeable whether blobs are to be kept there: not draining, not removed, and not away for
 *     so long that others have to take over its blobs. One that has just gone down stays placeable,
 *     so that a restart moves nothing
 * @param roundTrip measured lately; zero if it was not
 */
public record BlobNode(
    NodeId id, long weight, String zone, boolean live, boolean placeable, Duration roundTrip) {
  public BlobNode {
    if (weight < 1) {
      throw new IllegalArgumentException("a node of weight " + weight);
    }
  }
}
