package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.NoSuchBlobException;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;

/** The smallest store there can be, which tells what it was asked and lets tests damage blobs. */
final class InMemoryBlobStore implements BlobStore {
  private final Map<BlobId, byte[]> blobs = new HashMap<>();
  private final Set<BlobId> damaged = new HashSet<>();
  private int reads;
  private int syncs;

  @Override
  public synchronized boolean append(BlobId id, ByteBuffer blob) throws IOException {
    byte[] bytes = new byte[blob.remaining()];
    blob.get(bytes);
    return blobs.putIfAbsent(id, bytes) == null;
  }

  @Override
  public synchronized OptionalInt lengthBytes(BlobId id) {
    byte[] bytes = blobs.get(id);
    return bytes == null ? OptionalInt.empty() : OptionalInt.of(bytes.length);
  }

  @Override
  public synchronized void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    reads++;
    byte[] bytes = blobs.get(id);
    if (bytes == null) {
      throw new NoSuchBlobException(id);
    }
    if (into.remaining() > bytes.length - offset) {
      throw new IllegalArgumentException("range leaves the blob");
    }
    into.put(bytes, offset, into.remaining());
  }

  @Override
  public synchronized boolean verify(BlobId id) throws IOException {
    byte[] bytes = blobs.get(id);
    if (bytes == null) {
      throw new NoSuchBlobException(id);
    }
    if (Blocks.id(bytes).equals(id)) {
      return true;
    }
    blobs.remove(id);
    damaged.add(id);
    return false;
  }

  @Override
  public synchronized void delete(BlobId id) throws IOException {
    blobs.remove(id);
  }

  @Override
  public synchronized List<BlobId> list(@Nullable BlobId after, int max) {
    return blobs.keySet().stream()
        .sorted()
        .filter(id -> after == null || id.compareTo(after) > 0)
        .limit(max)
        .toList();
  }

  @Override
  public synchronized void sync() throws IOException {
    syncs++;
  }

  @Override
  public long compact(long copiedMaxBytes) {
    return 0;
  }

  @Override
  public synchronized StoreStats stats() {
    long bytes = blobs.values().stream().mapToLong(blob -> blob.length).sum();
    return new StoreStats(blobs.size(), bytes, bytes, damaged.size());
  }

  @Override
  public void close() {}

  synchronized int reads() {
    return reads;
  }

  synchronized int syncs() {
    return syncs;
  }

  synchronized boolean has(BlobId id) {
    return blobs.containsKey(id);
  }

  synchronized void flipBit(BlobId id, int bit) {
    blobs.get(id)[bit / 8] ^= (byte) (1 << bit % 8);
  }

  /** Has it give these bytes for the blob, whatever they are. */
  synchronized void replace(BlobId id, byte[] bytes) {
    blobs.put(id, bytes.clone());
  }

  synchronized void truncate(BlobId id, int length) {
    blobs.put(id, Arrays.copyOf(blobs.get(id), length));
  }
}
