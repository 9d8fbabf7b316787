package org.cairnfs.node.cluster;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.cairnfs.blob.BlobCatalog;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.proto.MetaEntry;
import org.jspecify.annotations.Nullable;

/**
 * What the blob layer asks of the metadata.
 *
 * @param log of the store; gives null until it is open
 */
public record MetaCatalog(MetaStore store, Supplier<? extends @Nullable MetaLog> log)
    implements BlobCatalog {
  @Override
  public boolean isReferenced(BlobId id) {
    return store.isReferenced(id);
  }

  @Override
  public boolean isKnown(BlobId id) {
    return store.isKnown(id);
  }

  /** An entry that changes nothing: what was committed before it is applied when it is. */
  @Override
  public CompletableFuture<?> upToDate() {
    @Nullable MetaLog opened = log.get();
    return opened == null
        ? CompletableFuture.failedFuture(new IOException("the metadata log is not open"))
        : opened.propose(MetaEntry.getDefaultInstance().toByteArray());
  }

  @Override
  public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
    return store.referencedBlobs(after, max);
  }
}
