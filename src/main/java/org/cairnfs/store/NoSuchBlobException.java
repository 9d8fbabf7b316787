package org.cairnfs.store;

import java.io.IOException;
import org.cairnfs.core.BlobId;

/** The store has no intact blob of that id. */
public final class NoSuchBlobException extends IOException {
  private static final long serialVersionUID = 1L;

  public NoSuchBlobException(BlobId id) {
    super("no intact copy of blob " + id + " in the local store");
  }
}
