package org.cairnfs.blob;

import java.io.IOException;
import org.cairnfs.store.SegmentStore;

/** Opens the store of blobs that are kept only because they were read lately. */
@FunctionalInterface
public interface CachedStore {
  /**
   * Called at most once, when the first such blob is about to be looked for; closed by who calls.
   */
  SegmentStore open() throws IOException;
}
