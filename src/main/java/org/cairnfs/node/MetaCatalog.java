package org.cairnfs.node;

import java.util.List;
import org.cairnfs.blob.BlobCatalog;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;

/** What the blob layer asks of the metadata. */
record MetaCatalog(MetaStore store) implements BlobCatalog {
  @Override
  public boolean isReferenced(BlobId id) {
    return store.isReferenced(id);
  }

  @Override
  public boolean isKnown(BlobId id) {
    return store.isKnown(id);
  }

  @Override
  public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
    return store.referencedBlobs(after, max);
  }
}
