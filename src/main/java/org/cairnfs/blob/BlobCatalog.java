package org.cairnfs.blob;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.SizedBlob;
import org.jspecify.annotations.Nullable;

/**
 * What the metadata applied on this node says of blobs. Thread-safe; may block on the local disk.
 */
public interface BlobCatalog {
  /** Whether a file needs the blob. */
  boolean isReferenced(BlobId id);

  /** Whether a file needs the blob, or did and it is still to be dropped. */
  boolean isKnown(BlobId id);

  /**
   * Done when this knows everything that was committed in the cluster before it was asked; fails if
   * that cannot be found out now. Does not block.
   */
  CompletableFuture<?> upToDate();

  /**
   * The next blobs that files need, in the order of their ids, after {@code after} or from the
   * first; fewer than {@code max} only at the end.
   */
  List<SizedBlob> referenced(@Nullable BlobId after, int max);
}
