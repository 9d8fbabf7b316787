package org.cairnfs.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.KvBatch;
import org.cairnfs.kv.KvCorruptException;
import org.cairnfs.kv.KvCursor;
import org.cairnfs.kv.KvDiskFullException;
import org.cairnfs.kv.KvStore;
import org.cairnfs.kv.RowCache;
import org.jspecify.annotations.Nullable;

/**
 * Where each blob is, and what of each segment is needed: the log of segments, replayed.
 *
 * <p>Records are applied in the order of the log, and only those that are on stable storage. So
 * whatever prefix of its batches the key-value store keeps over a crash, the index is what some
 * prefix of the log says, and applying the records after {@link SegmentUsage#indexedBytes} of each
 * segment makes it complete. A blob record newer than the one known supersedes it: that is how
 * compaction moves a blob, and why it may stop anywhere.
 *
 * <p>Thread-safe: reads take no lock, changes take the monitor.
 */
final class BlobIndex {
  static final String BLOBS = "blobs";
  static final String SEGMENTS = "segments";
  static final String DAMAGED = "damaged";

  private static final int LOCATION_BYTES = Long.BYTES + Long.BYTES + Integer.BYTES;

  /** Key in the segments table of the highest number that a segment had which is gone. */
  private static final long HIGHEST_GONE = 0;

  /** Whoever reads a blob here and there asks where it is each time. */
  private static final int CACHED_LOCATIONS = 1 << 13;

  private static final byte[] NOTHING = {};

  private final KvStore store;
  private final Runnable whenCorrupt;
  private final KvStore.Table blobs;
  private final KvStore.Table segments;
  private final KvStore.Table damaged;
  private final RowCache cache;

  /** Values are never changed, only replaced. Written under the monitor. */
  private final ConcurrentSkipListMap<Long, SegmentUsage> usage = new ConcurrentSkipListMap<>();

  /** Written under the monitor. */
  private volatile long damagedBlobs;

  /** Guarded by the monitor. */
  private long highestGone;

  /** A blob and where it is. */
  record Entry(BlobId id, Location location) {}

  /**
   * An index in the store's tables.
   *
   * @param whenCorrupt told when the store turns out to be damaged
   */
  BlobIndex(KvStore store, Runnable whenCorrupt) throws IOException {
    this.store = store;
    this.whenCorrupt = whenCorrupt;
    blobs = store.table(BLOBS);
    segments = store.table(SEGMENTS);
    damaged = store.table(DAMAGED);
    cache = new RowCache(Set.of(blobs), CACHED_LOCATIONS, LOCATION_BYTES);
    load();
  }

  private void load() throws IOException {
    try (KvCursor cursor = store.cursor(segments)) {
      for (boolean on = cursor.seek(NOTHING); on; on = cursor.next()) {
        long segment = ByteBuffer.wrap(cursor.key()).getLong();
        if (segment == HIGHEST_GONE) {
          highestGone = ByteBuffer.wrap(cursor.value()).getLong();
        } else {
          usage.put(segment, SegmentUsage.decode(cursor.value()));
        }
      }
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
    try (KvCursor cursor = store.cursor(damaged)) {
      long count = 0;
      for (boolean on = cursor.seek(NOTHING); on; on = cursor.next()) {
        count++;
      }
      damagedBlobs = count;
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
  }

  /** Where the blob is, or null if it is not there or damaged. */
  @Nullable
  Location get(BlobId id) throws IOException {
    byte[] value;
    try {
      value = cache.get(blobs, id.toBytes(), store::get);
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
    return value == null ? null : decode(value);
  }

  /** Takes in records that follow, in each segment, on what is indexed. They must be on disk. */
  synchronized void apply(List<LogRecord> records) throws IOException {
    if (records.isEmpty()) {
      return;
    }
    var change = new Change();
    for (LogRecord record : records) {
      change.apply(record);
    }
    change.commit();
  }

  /** Notes that nothing more is to be had from a segment before {@code bytes}. */
  synchronized void indexedTo(long segment, long bytes) throws IOException {
    var change = new Change();
    change.usageOf(segment).indexedBytes(bytes);
    change.commit();
  }

  /** Serves a blob no longer that was found damaged, unless it is elsewhere by now. */
  synchronized boolean markDamaged(BlobId id, Location where) throws IOException {
    if (!where.equals(get(id))) {
      return false;
    }
    var change = new Change();
    change.damage(id, where);
    change.commit();
    return true;
  }

  /** Forgets that a blob was found damaged, if it was. */
  synchronized void forgetDamaged(BlobId id) throws IOException {
    var change = new Change();
    change.heal(id);
    change.commit();
  }

  /** Forgets every blob of a segment, whose file may then be deleted. Reads the whole table. */
  synchronized void evict(long segment) throws IOException {
    var change = new Change();
    SegmentUsage own = change.usageOf(segment);
    for (Entry entry : find(location -> location.segment() == segment)) {
      own.removeBlob(entry.location().payloadBytes());
      change.moved.put(entry.id(), Optional.empty());
    }
    own.condemn();
    change.commit();
  }

  /** Notes that the segment's file may be deleted. What it holds must be elsewhere, on disk. */
  synchronized void condemn(long segment) throws IOException {
    var change = new Change();
    change.usageOf(segment).condemn();
    change.commit();
  }

  /** Forgets a segment whose file is gone, and with it the tombstones for its records. */
  synchronized void forget(long segment) throws IOException {
    var change = new Change();
    usage.forEach((number, known) -> {
      if (known.hasTombstonesFor(segment)) {
        change.usageOf(number).removeTombstonesFor(segment);
      }
    });
    change.gone(segment);
    change.commit();
  }

  /** What is known of each segment, ascending; a view that must not be changed. */
  SortedMap<Long, SegmentUsage> usage() {
    return usage;
  }

  /** The highest number that a segment ever had, as far as the index knows; 0 if there was none. */
  synchronized long highestSegment() {
    return usage.isEmpty() ? highestGone : Math.max(highestGone, usage.lastKey());
  }

  /** Blobs whose location fulfils the condition. Reads the whole table. */
  List<Entry> find(Predicate<Location> condition) throws IOException {
    var found = new ArrayList<Entry>();
    try (KvCursor cursor = store.cursor(blobs)) {
      for (boolean on = cursor.seek(NOTHING); on; on = cursor.next()) {
        Location location = decode(cursor.value());
        if (condition.test(location)) {
          found.add(new Entry(BlobId.of(cursor.key()), location));
        }
      }
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
    return found;
  }

  /** The next blobs in the order of their ids, after {@code after} or from the first. */
  List<BlobId> list(@Nullable BlobId after, int max) throws IOException {
    var ids = new ArrayList<BlobId>();
    byte[] from = after == null ? NOTHING : after.toBytes();
    try (KvCursor cursor = store.cursor(blobs)) {
      for (boolean on = cursor.seek(from); on && ids.size() < max; on = cursor.next()) {
        BlobId id = BlobId.of(cursor.key());
        if (!id.equals(after)) {
          ids.add(id);
        }
      }
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
    return ids;
  }

  long liveBlobs() {
    return usage.values().stream().mapToLong(SegmentUsage::liveBlobs).sum();
  }

  long livePayloadBytes() {
    return usage.values().stream().mapToLong(SegmentUsage::livePayloadBytes).sum();
  }

  long damagedBlobs() {
    return damagedBlobs;
  }

  /** Brings everything applied to stable storage. */
  void flush() throws IOException {
    try {
      store.flush();
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
  }

  void close() throws IOException {
    try {
      store.close();
    } catch (UncheckedIOException e) {
      throw failure(e);
    }
  }

  private IOException failure(UncheckedIOException e) {
    IOException cause = e.getCause();
    if (cause instanceof KvCorruptException) {
      whenCorrupt.run();
    }
    return cause instanceof KvDiskFullException
        ? new DiskFullException("no room for the blob index", cause)
        : new IOException("the blob index failed", cause);
  }

  private static byte[] key(long segment) {
    return ByteBuffer.allocate(Long.BYTES).putLong(segment).array();
  }

  private static byte[] encode(Location location) {
    return ByteBuffer.allocate(LOCATION_BYTES)
        .putLong(location.segment())
        .putLong(location.offset())
        .putInt(location.payloadBytes())
        .array();
  }

  private static Location decode(byte[] value) {
    ByteBuffer in = ByteBuffer.wrap(value);
    return new Location(in.getLong(), in.getLong(), in.getInt());
  }

  /** One batch in the making; what is in memory changes after the batch was written. */
  private final class Change {
    /** New locations, empty for blobs that are gone. */
    private final Map<BlobId, Optional<Location>> moved = new HashMap<>();

    /** Whether blobs are to be in the table of damaged ones. */
    private final Map<BlobId, Boolean> damage = new HashMap<>();

    private final Map<Long, SegmentUsage> touched = new TreeMap<>();
    private long goneSegment = HIGHEST_GONE;

    SegmentUsage usageOf(long segment) {
      SegmentUsage own = touched.get(segment);
      if (own == null) {
        SegmentUsage known = usage.get(segment);
        own = known == null ? new SegmentUsage() : new SegmentUsage(known);
        touched.put(segment, own);
      }
      return own;
    }

    @Nullable
    Location current(BlobId id) throws IOException {
      Optional<Location> here = moved.get(id);
      return here != null ? here.orElse(null) : get(id);
    }

    void apply(LogRecord record) throws IOException {
      SegmentUsage own = usageOf(record.at().segment());
      own.indexedBytes(Math.max(own.indexedBytes(), record.at().end()));
      if (record.kind() == RecordKind.TOMBSTONE) {
        bury(record, own);
      } else if (record.intact()) {
        place(record, own);
      } else if (current(record.id()) == null) {
        damage.put(record.id(), true);
      }
    }

    private void place(LogRecord record, SegmentUsage own) throws IOException {
      Location old = current(record.id());
      if (old != null && !record.at().isAfter(old)) {
        return;
      }
      if (old == null) {
        heal(record.id());
      } else {
        usageOf(old.segment()).removeBlob(old.payloadBytes());
      }
      own.addBlob(record.at().payloadBytes());
      moved.put(record.id(), Optional.of(record.at()));
    }

    private void bury(LogRecord record, SegmentUsage own) throws IOException {
      LogRecord.Place target = record.target();
      if (target == null) {
        return; // A damaged tombstone: the blob stays, as garbage.
      }
      Location old = current(record.id());
      if (old != null && target.isStartOf(old)) {
        usageOf(old.segment()).removeBlob(old.payloadBytes());
        moved.put(record.id(), Optional.empty());
      }
      if (usage.containsKey(target.segment()) || touched.containsKey(target.segment())) {
        own.addTombstone(target.segment());
      }
    }

    void damage(BlobId id, Location where) {
      usageOf(where.segment()).removeBlob(where.payloadBytes());
      moved.put(id, Optional.empty());
      damage.put(id, true);
    }

    void heal(BlobId id) {
      if (damagedBlobs > 0 || !damage.isEmpty()) {
        damage.put(id, false);
      }
    }

    void gone(long segment) {
      goneSegment = segment;
      touched.remove(segment);
    }

    void commit() throws IOException {
      long damagedNow = damagedBlobs;
      for (var entry : damage.entrySet()) {
        boolean was = isDamaged(entry.getKey());
        damagedNow += (entry.getValue() ? 1 : 0) - (was ? 1 : 0);
      }
      try {
        store.write(this::fill);
      } catch (UncheckedIOException e) {
        throw failure(e);
      }
      moved.forEach((id, location) ->
          cache.changed(blobs, id.toBytes(), location.map(BlobIndex::encode).orElse(null)));
      usage.putAll(touched);
      damagedBlobs = damagedNow;
      if (goneSegment != HIGHEST_GONE) {
        usage.remove(goneSegment);
        highestGone = Math.max(highestGone, goneSegment);
      }
    }

    private void fill(KvBatch batch) {
      moved.forEach((id, location) -> {
        if (location.isPresent()) {
          batch.put(blobs, id.toBytes(), encode(location.get()));
        } else {
          batch.delete(blobs, id.toBytes());
        }
      });
      damage.forEach((id, isDamaged) -> {
        if (isDamaged) {
          batch.put(damaged, id.toBytes(), NOTHING);
        } else {
          batch.delete(damaged, id.toBytes());
        }
      });
      touched.forEach((number, known) -> batch.put(segments, key(number), known.encode()));
      if (goneSegment != HIGHEST_GONE) {
        batch.delete(segments, key(goneSegment));
        batch.put(segments, key(HIGHEST_GONE), key(Math.max(highestGone, goneSegment)));
      }
    }

    private boolean isDamaged(BlobId id) throws IOException {
      try {
        return store.get(damaged, id.toBytes()) != null;
      } catch (UncheckedIOException e) {
        throw failure(e);
      }
    }
  }
}
