package org.cairnfs.blob;

import org.cairnfs.core.NodeId;

/** The way to other nodes' blobs. Thread-safe. */
@FunctionalInterface
public interface BlobPeers {
  /** That node's blobs, whether it can be reached or not; does not block. */
  RemoteBlobs of(NodeId node);
}
