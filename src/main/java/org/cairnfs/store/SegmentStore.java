package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.KvOptions;
import org.cairnfs.kv.KvStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link BlobStore} in append-only segment files with an index beside them.
 *
 * <p>The segments are the truth: they are a log of records "here is a blob" and "that one is dead".
 * The index is the log replayed; it can be lost and is made again. The life of a record is: written
 * to the active segment ({@link SegmentWriter}), found in memory until it is on disk
 * ({@link Unsynced}), forced with those of other callers ({@link GroupCommit}), indexed
 * ({@link BlobIndex}), and, if it is still needed when most of its segment is not, copied to the
 * end ({@link Compactor}). docs/formats.md has the bytes.
 */
public final class SegmentStore implements BlobStore {
  /** The tables that the index needs. */
  public static final List<String> INDEX_TABLES =
      List.of(BlobIndex.BLOBS, BlobIndex.SEGMENTS, BlobIndex.DAMAGED);

  /** A blob moves when its segment is compacted; a read that keeps missing it gives up. */
  private static final int READ_ATTEMPTS_MAX = 8;

  private static final int VERIFY_BUFFER_BYTES = 256 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(SegmentStore.class);

  private final Segments segments;
  private final Unsynced unsynced;
  private final BlobIndex index;
  private final BlobLocator locator;
  private final GroupCommit commit;
  private final SegmentWriter writer;
  private final Compactor compactor;
  private final Supplier<MessageDigest> digests;
  private final Recovery.Report recovered;
  private final AtomicBoolean closed = new AtomicBoolean();

  private SegmentStore(
      SegmentFiles files, BlobIndex index, SegmentOptions options, Executor background)
      throws IOException {
    segments = new Segments(files, options.openFilesMax());
    this.index = index;
    digests = options.sha256();
    unsynced = new Unsynced();
    locator = new BlobLocator(unsynced, index);
    commit = new GroupCommit(segments, unsynced, index);
    var recovery = new Recovery(segments, index);
    recovered = recovery.run();
    var parts = new SegmentWriter.Parts(segments, unsynced, index, commit);
    writer = new SegmentWriter(parts, options, background, segments.last(), index.highestSegment());
    compactor = new Compactor(parts, writer, options);
  }

  /**
   * Opens the store, or makes it. What is in the segments and not in the index is read, so this
   * takes long after the index was lost.
   *
   * @param segmentsDirectory made if missing
   * @param index a store with {@link #INDEX_TABLES} for this alone; closed with this one
   * @param background runs forces and flushes; at most a few short tasks are queued
   * @throws IOException if the disk fails, or a segment is of a newer version
   */
  public static SegmentStore open(
      Path segmentsDirectory, KvStore index, SegmentOptions options, Executor background)
      throws IOException {
    Files.createDirectories(segmentsDirectory);
    return open(new NioSegmentFiles(segmentsDirectory), index, options, background);
  }

  /**
   * As the other, with an index in its own directory of the default file system, which is made anew
   * from the segments when it is damaged.
   */
  public static SegmentStore open(
      Path segmentsDirectory, Path indexDirectory, SegmentOptions options, Executor background)
      throws IOException {
    Files.createDirectories(segmentsDirectory);
    var files = new NioSegmentFiles(segmentsDirectory);
    var index = new IndexDirectory(indexDirectory);
    try {
      return open(files, index, options, background);
    } catch (IOException e) {
      if (!index.isMarkedDamaged()) {
        throw e;
      }
      return open(files, index, options, background);
    }
  }

  private static SegmentStore open(
      SegmentFiles files, IndexDirectory index, SegmentOptions options, Executor background)
      throws IOException {
    KvStore store = index.open(INDEX_TABLES, KvOptions.BLOB_INDEX);
    try {
      return new SegmentStore(files, new BlobIndex(store, index::markDamaged), options, background);
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  static SegmentStore open(
      SegmentFiles files, KvStore index, SegmentOptions options, Executor background)
      throws IOException {
    Runnable whenCorrupt = () -> LOG.error("The blob index is damaged; delete it and start again");
    return new SegmentStore(files, new BlobIndex(index, whenCorrupt), options, background);
  }

  /** What opening the store found. */
  Recovery.Report recovered() {
    return recovered;
  }

  @Override
  public boolean append(BlobId id, ByteBuffer blob) throws IOException {
    return writer.append(id, blob);
  }

  @Override
  public OptionalInt lengthBytes(BlobId id) throws IOException {
    Location at = locator.locate(id);
    return at == null ? OptionalInt.empty() : OptionalInt.of(at.payloadBytes());
  }

  @Override
  public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    for (int attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      Location at = locator.locate(id);
      if (at == null) {
        throw new NoSuchBlobException(id);
      }
      if (offset < 0 || into.remaining() > at.payloadBytes() - offset) {
        throw new IllegalArgumentException(
            "bytes " + offset + "+" + into.remaining() + " of a blob of " + at.payloadBytes());
      }
      if (readAt(id, at, offset, into)) {
        return;
      }
    }
    throw new NoSuchBlobException(id);
  }

  /** Returns false if the segment was deleted meanwhile; the blob is elsewhere then. */
  private boolean readAt(BlobId id, Location at, int offset, ByteBuffer into) throws IOException {
    Segment segment = segments.get(at.segment());
    if (segment == null) {
      return false;
    }
    int start = into.position();
    SegmentFile file;
    try {
      file = segment.acquire(segments);
    } catch (NoSuchFileException e) {
      return movedOrFailed(segment, e);
    }
    if (file == null) {
      return false;
    }
    try {
      if (!file.readFully(into, at.payloadOffset() + offset)) {
        into.position(start);
        damaged(id, at, "its segment ends before it does");
        throw new NoSuchBlobException(id);
      }
      return true;
    } catch (NoSuchFileException e) {
      into.position(start);
      return movedOrFailed(segment, e);
    } finally {
      segment.release();
    }
  }

  private boolean movedOrFailed(Segment segment, NoSuchFileException e) throws IOException {
    if (segments.contains(segment.number())) {
      throw e;
    }
    return false;
  }

  @Override
  public boolean verify(BlobId id) throws IOException {
    try {
      return hasItsHash(id);
    } catch (NoSuchBlobException e) {
      return false; // its segment ends before it does: marked where that was found
    }
  }

  private boolean hasItsHash(BlobId id) throws IOException {
    for (int attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      Location at = locator.locate(id);
      if (at == null) {
        return false;
      }
      MessageDigest digest = digests.get();
      ByteBuffer buffer =
          ByteBuffer.allocate(Math.min(VERIFY_BUFFER_BYTES, Math.max(1, at.payloadBytes())));
      boolean complete = true;
      for (int offset = 0; complete && offset < at.payloadBytes(); ) {
        buffer.clear().limit(Math.min(buffer.capacity(), at.payloadBytes() - offset));
        complete = readAt(id, at, offset, buffer);
        offset += buffer.flip().remaining();
        digest.update(buffer);
      }
      if (complete) {
        boolean same = BlobId.of(digest.digest()).equals(id);
        if (!same) {
          damaged(id, at, "its hash is wrong");
        }
        return same;
      }
    }
    return false;
  }

  private void damaged(BlobId id, Location at, String why) throws IOException {
    commit.forceAndIndex();
    if (index.markDamaged(id, at)) {
      LOG.error("Blob {} in segment {} at {}: {}", id, at.segment(), at.offset(), why);
    }
  }

  @Override
  public void delete(BlobId id) throws IOException {
    writer.delete(id);
  }

  @Override
  public List<BlobId> list(@Nullable BlobId after, int max) throws IOException {
    return index.list(after, max);
  }

  @Override
  public void sync() throws IOException {
    try {
      commit.force();
    } catch (IOException e) {
      unsynced.requireNothingLost(); // says more
      throw e;
    }
    unsynced.requireNothingLost();
  }

  @Override
  public long compact(long copiedMaxBytes) throws IOException {
    return compactor.compact(copiedMaxBytes);
  }

  /**
   * Makes room in a store whose blobs can be had elsewhere: deletes the oldest segments, whatever
   * is in them, until all take no more than {@code maxBytes}. The segment being written stays. Runs
   * beside reads and writes.
   *
   * @return bytes given back to the disk
   */
  public long evictOldest(long maxBytes) throws IOException {
    return compactor.evict(maxBytes);
  }

  @Override
  public StoreStats stats() {
    return new StoreStats(
        index.liveBlobs() + unsynced.blobsDelta(),
        index.livePayloadBytes() + unsynced.payloadBytesDelta(),
        segments.totalBytes(),
        index.damagedBlobs());
  }

  @Override
  public void close() throws IOException {
    if (closed.getAndSet(true)) {
      return;
    }
    try {
      writer.close();
    } finally {
      segments.close();
      index.close();
    }
  }
}
