package org.cairnfs.node;

import java.nio.file.FileStore;
import java.util.List;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.kv.KvStore;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.raft.RaftMetaLog;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.MemberControl;
import org.cairnfs.store.SegmentStore;
import org.cairnfs.vfs.LocalVfs;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a node that its commands reach; {@link Resources} closes them.
 *
 * @param volume what only a node with the volume's key has: null in a storage node
 */
record Components(
    Cluster cluster,
    MemberControl members,
    RaftMetaLog log,
    Storage storage,
    @Nullable Volume volume) {
  /**
   * What lies on this node's disk.
   *
   * @param metadata of the cluster
   * @param segments the blobs that are here
   * @param blobs those and the other nodes'
   * @param disk that has the blobs
   * @param kvStores storage engines, for their memory
   */
  record Storage(
      MetaStore metadata,
      SegmentStore segments,
      ClusterBlobs blobs,
      FileStore disk,
      List<KvStore> kvStores) {
    /** Bytes of memory the storage engines hold outside the heap. */
    long kvBytes() {
      return kvStores.stream().mapToLong(KvStore::memoryBytes).sum();
    }
  }

  /** The volume, opened with its key. */
  record Volume(LocalVfs vfs, MetaSession session, BlockStore blocks, MountCaches caches) {}
}
