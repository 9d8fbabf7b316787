package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;

/** Passes every call on; tests override what is to fail or wait. */
class ForwardingBlobStore implements BlobStore {
  private final BlobStore to;

  ForwardingBlobStore(BlobStore to) {
    this.to = to;
  }

  @Override
  public boolean append(BlobId id, ByteBuffer blob) throws IOException {
    return to.append(id, blob);
  }

  @Override
  public OptionalInt lengthBytes(BlobId id) throws IOException {
    return to.lengthBytes(id);
  }

  @Override
  public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    to.read(id, offset, into);
  }

  @Override
  public boolean verify(BlobId id) throws IOException {
    return to.verify(id);
  }

  @Override
  public void delete(BlobId id) throws IOException {
    to.delete(id);
  }

  @Override
  public List<BlobId> list(@Nullable BlobId after, int max) throws IOException {
    return to.list(after, max);
  }

  @Override
  public void sync() throws IOException {
    to.sync();
  }

  @Override
  public long compact(long copiedMaxBytes) throws IOException {
    return to.compact(copiedMaxBytes);
  }

  @Override
  public StoreStats stats() {
    return to.stats();
  }

  @Override
  public void close() throws IOException {
    to.close();
  }
}
