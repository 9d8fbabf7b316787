package org.cairnfs.node;

import java.security.SecureRandom;
import java.util.List;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.kv.KvStore;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.vfs.LocalVfs;

/**
 * The parts of a node that its commands reach; {@link Resources} closes them.
 *
 * @param kvStores storage engines, for their memory
 */
record Components(
    NodeIdentity identity,
    LocalVfs vfs,
    MetaSession session,
    BlockStore blocks,
    List<KvStore> kvStores,
    SecureRandom random) {
  /** Bytes of memory the storage engines hold outside the heap. */
  long kvBytes() {
    return kvStores.stream().mapToLong(KvStore::memoryBytes).sum();
  }
}
