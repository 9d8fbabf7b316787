package org.cairnfs.vfs;

import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Extent;

/**
 * Blobs that were stored and then not needed: the file was removed or cut short before the metadata
 * heard of them. Nothing else knows of them, so the store is told. Thread-safe.
 */
record StrayBlobs(BlockStore blobs) {
  /** The pins of a stored layer end, and its blobs are to be looked at. */
  void add(WriteLayer layer) {
    layer.extents().stream().map(Extent::blob).distinct().forEach(this::add);
  }

  void add(BlobRef ref) {
    blobs.discard(ref);
  }
}
