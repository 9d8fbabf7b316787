package org.cairnfs.store;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import org.cairnfs.kv.InMemoryKvStore;

/** The contract on a file system in memory, with segments so small that many are needed. */
class SegmentStoreTest extends BlobStoreContract {
  static final SegmentOptions SMALL = new SegmentOptions(1 << 20, 0, 1 << 19, 2);

  @Override
  BlobStore open() throws IOException {
    var fileSystem = Jimfs.newFileSystem(Configuration.unix());
    return SegmentStore.open(
        fileSystem.getPath("/segments"),
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        SMALL,
        Runnable::run);
  }
}
