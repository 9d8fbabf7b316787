package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Extent;

/**
 * Blobs that were stored and then not needed: the file was removed or cut short before the metadata
 * heard of them. Nothing else knows of them, so they wait here for the collector. Thread-safe.
 */
final class StrayBlobs {
  private final BlockStore blobs;
  private final ConcurrentLinkedQueue<BlobId> ids = new ConcurrentLinkedQueue<>();

  StrayBlobs(BlockStore blobs) {
    this.blobs = blobs;
  }

  /** The pins of a stored layer end, and its blobs are to be looked at. */
  void add(WriteLayer layer) {
    layer.extents().stream().map(Extent::blob).distinct().forEach(this::add);
  }

  void add(BlobRef ref) {
    blobs.unpin(ref);
    ids.add(ref.id());
  }

  /** One that is not pinned by its writer any more, or could not be judged yet. */
  void addAgain(BlobId id) {
    ids.add(id);
  }

  /** Takes up to {@code max} of them. */
  List<BlobId> take(int max) {
    List<BlobId> taken = new ArrayList<>();
    for (BlobId id = ids.poll(); id != null; id = taken.size() < max ? ids.poll() : null) {
      taken.add(id);
    }
    return taken;
  }
}
