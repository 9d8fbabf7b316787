package org.cairnfs.blob;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;

/** Over segments so small that a block fills one. */
final class SegmentBlockStoreTest extends BlockStoreContract {
  @Override
  BlobStore openStore() throws IOException {
    return SegmentStore.open(
        Jimfs.newFileSystem(Configuration.unix()).getPath("/segments"),
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        new SegmentOptions(1 << 20, 0, 1 << 19, 2),
        Runnable::run);
  }
}
