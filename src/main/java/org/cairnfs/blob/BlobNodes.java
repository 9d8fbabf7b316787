package org.cairnfs.blob;

import java.time.Duration;
import java.util.List;
import org.cairnfs.core.NodeId;

/** The nodes that keep blobs, as this node sees them. Thread-safe; nothing here blocks. */
public interface BlobNodes {
  /** This node. */
  NodeId self();

  /**
   * All of them as they are now, this one among them; an immutable list, made when something
   * changes and not for every call.
   */
  List<BlobNode> nodes();

  /**
   * Has {@code listener} called after every change of {@link #nodes} other than of a round trip.
   * The listener does not block.
   */
  void onChange(Runnable listener);

  /** A node that is alone for good. */
  static BlobNodes alone(NodeId self) {
    List<BlobNode> nodes = List.of(new BlobNode(self, 1, "", true, true, Duration.ZERO));
    return new BlobNodes() {
      @Override
      public NodeId self() {
        return self;
      }

      @Override
      public List<BlobNode> nodes() {
        return nodes;
      }

      @Override
      public void onChange(Runnable listener) {}
    };
  }
}
