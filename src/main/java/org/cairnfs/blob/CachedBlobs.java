package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.NoSuchBlobException;
import org.cairnfs.store.SegmentStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs kept only because they were read lately, up to so many bytes; the oldest go first. They can
 * be had elsewhere, so nothing here fails: what cannot be kept is not kept.
 *
 * <p>Opened when it is first needed: a node alone has no use for it. Thread-safe.
 */
final class CachedBlobs implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CachedBlobs.class);

  /** Of the limit, how much an eviction makes room for. */
  private static final int EVICTED_DIVISOR = 16;

  private final CachedStore opener;
  private final long maxBytes;
  private final BooleanSupplier needed;
  private final AtomicBoolean evicting = new AtomicBoolean();

  /** Written under this. */
  private volatile @Nullable SegmentStore opened;

  /** Whether there will be no store any more. Written under this. */
  private volatile boolean closed;

  /** @param needed whether to open the store for a look into it */
  CachedBlobs(CachedStore opener, long maxBytes, BooleanSupplier needed) {
    this.opener = opener;
    this.maxBytes = maxBytes;
    this.needed = needed;
  }

  private @Nullable SegmentStore store() {
    SegmentStore store = opened;
    return store != null || closed || !needed.getAsBoolean() ? store : open();
  }

  private synchronized @Nullable SegmentStore open() {
    if (opened == null && !closed) {
      try {
        opened = opener.open();
      } catch (IOException e) {
        LOG.error("Blobs read from peers are not kept: their store cannot be opened", e);
        closed = true;
      }
    }
    return opened;
  }

  /** Keeps a blob whose bytes were verified. The buffer's position stays. */
  void add(BlobId id, ByteBuffer blob) {
    SegmentStore store = store();
    if (store == null || blob.remaining() > maxBytes) {
      return;
    }
    try {
      boolean unused = store.append(id, blob.duplicate());
      if (store.stats().diskBytes() > maxBytes && evicting.compareAndSet(false, true)) {
        try {
          long freed = store.evictOldest(maxBytes - maxBytes / EVICTED_DIVISOR);
          LOG.debug("Evicted {} bytes of cached blobs", freed);
        } finally {
          evicting.set(false);
        }
      }
    } catch (IOException e) {
      LOG.debug("Blob {} is not kept for the next reader", id, e);
    }
  }

  /** The length as stored, or empty if it is not here. */
  OptionalInt lengthBytes(BlobId id) {
    SegmentStore store = store();
    try {
      return store == null ? OptionalInt.empty() : store.lengthBytes(id);
    } catch (IOException e) {
      LOG.debug("Cannot look for blob {} among the cached ones", id, e);
      return OptionalInt.empty();
    }
  }

  /** As {@link org.cairnfs.store.BlobStore#read}. */
  void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    SegmentStore store = store();
    if (store == null) {
      throw new NoSuchBlobException(id);
    }
    store.read(id, offset, into);
  }

  /** All bytes of a blob, unverified, or null if it is not here. */
  byte @Nullable [] readAll(BlobId id) {
    SegmentStore store = store();
    try {
      int length = store == null ? 0 : store.lengthBytes(id).orElse(0);
      if (store == null || length == 0) {
        return null;
      }
      byte[] blob = new byte[length];
      store.read(id, 0, ByteBuffer.wrap(blob));
      return blob;
    } catch (IOException e) {
      LOG.debug("Cannot read cached blob {}", id, e);
      return null;
    }
  }

  void delete(BlobId id) {
    SegmentStore store = store();
    try {
      if (store != null) {
        store.delete(id);
      }
    } catch (IOException e) {
      LOG.debug("Cannot delete cached blob {}", id, e);
    }
  }

  /** Bytes of disk in use. */
  long diskBytes() {
    SegmentStore store = opened;
    return store == null ? 0 : store.stats().diskBytes();
  }

  @Override
  public synchronized void close() {
    closed = true;
    SegmentStore store = opened;
    opened = null;
    if (store != null) {
      try {
        store.close();
      } catch (IOException e) {
        LOG.warn("Closing the store of cached blobs failed", e);
      }
    }
  }
}
