package org.cairnfs.store;

import java.io.IOException;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/** Where a blob is now: in the records not indexed yet or, if they say nothing, in the index. */
final class BlobLocator {
  private final Unsynced unsynced;
  private final BlobIndex index;

  BlobLocator(Unsynced unsynced, BlobIndex index) {
    this.unsynced = unsynced;
    this.index = index;
  }

  /** Where the blob is, or null if it is not there or damaged. Takes no lock. */
  @Nullable
  Location locate(BlobId id) throws IOException {
    // In this order: a record enters the index before it leaves the others.
    Unsynced.Found found = unsynced.get(id);
    return found != null ? found.location() : index.get(id);
  }
}
