package org.cairnfs.node.rehearsal;

import java.time.Duration;
import java.util.List;
import org.cairnfs.blob.BlobNode;
import org.cairnfs.blob.BlobNodes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;

/** A node that is alone, and stays so. */
record LoneNode(NodeId self, List<BlobNode> nodes) implements BlobNodes {
  LoneNode(NodeId self) {
    this(self, List.of(new BlobNode(self, 1, "", true, true, Duration.ZERO)));
  }

  @Override
  public Replication replication() {
    return Replication.DEFAULT;
  }

  /** Nothing ever changes. */
  @Override
  public void onChange(Runnable listener) {}
}
