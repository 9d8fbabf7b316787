package org.cairnfs.store;

import java.io.IOException;
import java.util.Set;
import org.cairnfs.core.BlobId;

/**
 * Blobs that were appended could not be brought to stable storage and are no longer in the store.
 *
 * <p>Every sync fails with this until each of them has been appended again or deleted.
 */
public final class LostBlobsException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Set<BlobId> lost;

  public LostBlobsException(String message, Set<BlobId> lost, Throwable cause) {
    super(message, cause);
    this.lost = Set.copyOf(lost);
  }

  /** The blobs lost, by now perhaps appended again. */
  public Set<BlobId> lost() {
    return lost;
  }
}
