package org.cairnfs.vfs;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.blob.BlobCatalog;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.meta.MetaStore;
import org.jspecify.annotations.Nullable;

/** What the metadata of all hosts says that keep their blobs in one store. */
record StoresCatalog(List<MetaStore> stores) implements BlobCatalog {
  @Override
  public boolean isReferenced(BlobId id) {
    return stores.stream().anyMatch(store -> store.isReferenced(id));
  }

  @Override
  public boolean isKnown(BlobId id) {
    return stores.stream().anyMatch(store -> store.isKnown(id));
  }

  @Override
  public CompletableFuture<?> upToDate() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
    return stores.get(0).referencedBlobs(after, max);
  }
}
