package org.cairnfs.blob;

import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;

/**
 * The nodes that keep blobs, as this node sees them, and how many of them keep each. Thread-safe;
 * nothing here blocks.
 */
public interface BlobNodes {
  /** This node. */
  NodeId self();

  /**
   * All of them as they are now, this one among them; an immutable list, made when something
   * changes and not for every call.
   */
  List<BlobNode> nodes();

  /** How many copies of a blob there are to be, as the volume's metadata says now. */
  Replication replication();

  /**
   * Has {@code listener} called after every change of {@link #nodes} other than of a round trip,
   * and of {@link #replication}. The listener does not block.
   */
  void onChange(Runnable listener);
}
