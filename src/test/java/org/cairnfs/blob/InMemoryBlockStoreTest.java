package org.cairnfs.blob;

import org.cairnfs.store.BlobStore;

final class InMemoryBlockStoreTest extends BlockStoreContract {
  @Override
  BlobStore openStore() {
    return new InMemoryBlobStore();
  }
}
