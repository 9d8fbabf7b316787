package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.kv.KvCursor;
import org.cairnfs.kv.KvStore;
import org.cairnfs.kv.RowCache;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.proto.OpReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The committed metadata of this node: applies entries to a {@link KvStore}, each in one batch
 * together with its position in the log, and reads from it.
 *
 * <p>Thread-safe; entries are applied one at a time, reads run beside. Does not own the store.
 */
public final class MetaStore {
  private static final Logger LOG = LoggerFactory.getLogger(MetaStore.class);

  private static final int APPLIED_BYTES = 2 * Long.BYTES;

  private static final int CACHED_ROWS = 1 << 14;

  /** Larger ones are few, and not worth their memory. */
  private static final int CACHED_ROW_MAX_BYTES = 512;

  private final KvStore kv;
  private final Map<MetaTable, KvStore.Table> tables = new EnumMap<>(MetaTable.class);
  private final RowCache cache;
  private final MetaReader reader = new KvReader();

  /** Serialises applying, and guards what only applying uses. */
  private final Object applying = new Object();

  private final BufferedView view = new BufferedView(reader);
  private final StoredLedger ledger;
  private final MetaMachine machine;

  private final List<AppliedListener> listeners = new CopyOnWriteArrayList<>();

  private volatile LogPosition applied = LogPosition.NONE;
  private volatile Usage usage;

  /**
   * Over a store opened with {@link #tableNames}.
   *
   * @throws CorruptMetadataException if what it holds cannot be understood
   */
  public MetaStore(KvStore kv) {
    this.kv = kv;
    for (MetaTable table : MetaTable.values()) {
      tables.put(table, kv.table(table.tableName()));
    }
    // what programs wait for
    Set<KvStore.Table> cached =
        Set.of(table(MetaTable.INODE), table(MetaTable.DENTRY), table(MetaTable.EXTENT));
    this.cache = new RowCache(cached, CACHED_ROWS, CACHED_ROW_MAX_BYTES);
    this.ledger = new StoredLedger(view);
    this.machine = MetaMachine.replicated(view, ledger);
    this.usage = ledger.usage();
    byte[] position = reader.get(MetaTable.SYSTEM, Keys.APPLIED);
    if (position != null) {
      this.applied = position(position);
    }
  }

  /** As it is in {@link Keys#APPLIED}. */
  static LogPosition position(byte[] value) {
    if (value.length != APPLIED_BYTES) {
      throw new CorruptMetadataException("applied index of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value);
    return new LogPosition(in.getLong(), in.getLong());
  }

  /** The tables a store must be opened with. */
  public static List<String> tableNames() {
    List<String> names = new ArrayList<>();
    for (MetaTable table : MetaTable.values()) {
      names.add(table.tableName());
    }
    return names;
  }

  private KvStore.Table table(MetaTable table) {
    return Objects.requireNonNull(tables.get(table));
  }

  /** The listener hears of every entry applied from now on. */
  public void addListener(AppliedListener listener) {
    listeners.add(listener);
  }

  /** The listener hears of no further entry, but perhaps of the one being applied. */
  public void removeListener(AppliedListener listener) {
    listeners.remove(listener);
  }

  /** Where the last entry applied was in the log. */
  public LogPosition applied() {
    return applied;
  }

  /**
   * Applies one entry of the log; one that is in the store already is skipped.
   *
   * @param encoded a {@link MetaEntry}
   * @return the encoded {@link MetaReply}
   * @throws CorruptMetadataException if the entry or the tables make no sense; nothing changed, and
   *     nothing may follow
   * @throws java.io.UncheckedIOException if the disk failed; nothing changed, the same entry may be
   *     tried again
   */
  public byte[] apply(long term, long index, byte[] encoded) {
    synchronized (applying) {
      if (index <= applied.index()) {
        return MetaReply.newBuilder()
            .setOutcome(MetaReply.Outcome.DUPLICATE)
            .build()
            .toByteArray();
      }
      boolean done = false;
      try {
        MetaEntry entry = MetaEntry.parseFrom(encoded);
        MetaReply reply = applyToView(entry);
        ledger.storeUsage();
        byte[] position =
            ByteBuffer.allocate(APPLIED_BYTES).putLong(term).putLong(index).array();
        view.put(MetaTable.SYSTEM, Keys.APPLIED, position);
        write();
        usage = ledger.usage();
        applied = new LogPosition(term, index);
        done = true;
        listeners.forEach(listener -> listener.applied(index, entry, reply));
        return reply.toByteArray();
      } catch (InvalidProtocolBufferException e) {
        throw new CorruptMetadataException("entry " + index + " of the log cannot be read", e);
      } finally {
        view.clear();
        machine.forget();
        if (!done) {
          ledger.loadUsage();
        }
      }
    }
  }

  /** An entry that may not change what it changes leaves nothing behind. */
  private MetaReply applyToView(MetaEntry entry) {
    MetaReply.Outcome outcome = admit(entry);
    if (outcome != MetaReply.Outcome.APPLIED) {
      return MetaReply.newBuilder().setOutcome(outcome).build();
    }
    try {
      return applyOps(entry);
    } catch (LeaseOps.FencedException e) {
      LOG.warn("An entry is refused: {}", e.getMessage());
      view.clear();
      ledger.loadUsage();
      return MetaReply.newBuilder().setOutcome(MetaReply.Outcome.FENCED).build();
    }
  }

  private MetaReply applyOps(MetaEntry entry) {
    MetaReply.Builder reply = MetaReply.newBuilder().setOutcome(MetaReply.Outcome.APPLIED);
    for (int i = 0; i < entry.getOpsCount(); i++) {
      MetaResult result = machine.apply(entry.getSession(), entry.getOps(i));
      if (result instanceof MetaResult.Failed failed) {
        reply.addReplies(OpReply.newBuilder().setOp(i).setErrno(failed.errno().number()));
      } else if (result instanceof MetaResult.Range range) {
        reply.addReplies(OpReply.newBuilder()
            .setOp(i)
            .setRangeFirst(range.first())
            .setRangeCount(range.count()));
      }
    }
    return reply.build();
  }

  /**
   * Whether the entry is its session's next; books it as such. Whether the session may change what
   * it changes is seen when it does.
   */
  private MetaReply.Outcome admit(MetaEntry entry) {
    if (entry.getSession() == 0) {
      boolean changesVolume = entry.getOpsList().stream().anyMatch(LeaseOps::needsLeases);
      return changesVolume ? MetaReply.Outcome.FENCED : MetaReply.Outcome.APPLIED;
    }
    byte[] key = Keys.number(entry.getSession());
    byte[] value = view.get(MetaTable.SESSION, key);
    SessionRecord session = value == null ? null : SessionRecord.decode(value);
    if (session == null || session.ended()) {
      return MetaReply.Outcome.FENCED;
    }
    if (entry.getCut() <= session.lastCut()) {
      return MetaReply.Outcome.DUPLICATE;
    }
    if (EntryBundle.firstNumber(entry) != session.lastCut() + 1) {
      return MetaReply.Outcome.OUT_OF_ORDER;
    }
    SessionRecord next = new SessionRecord(session.node(), entry.getCut(), false);
    view.put(MetaTable.SESSION, key, next.encode());
    return MetaReply.Outcome.APPLIED;
  }

  private void write() {
    kv.write(batch -> {
      for (BufferedView.Change change : view.changes()) {
        KvStore.Table table = table(change.table());
        byte[] value = change.value();
        if (value == null) {
          batch.delete(table, change.key());
        } else {
          batch.put(table, change.key(), value);
        }
      }
    });
    for (BufferedView.Change change : view.changes()) {
      cache.changed(table(change.table()), change.key(), change.value());
    }
  }

  /**
   * All rows as they are now, for a node that cannot have them from the log any more. The caller
   * closes it.
   */
  public MetaSnapshot snapshot() {
    return new MetaSnapshot(kv);
  }

  /**
   * Puts the rows of a snapshot in place of all that is here, on stable storage; nothing if it is
   * not newer. Readers wait meanwhile. A crash in the middle leaves neither the old nor the new:
   * whoever calls it keeps the snapshot and calls it again at the next start.
   *
   * @param rows what a {@link MetaSnapshot} was read into, checked with {@link MetaSnapshot#check}
   * @throws IOException if it cannot be read, or the disk failed: then call it again, or give up
   *     the store
   */
  public void replace(InputStream rows) throws IOException {
    synchronized (applying) {
      SnapshotReader reading = SnapshotReader.open(rows);
      if (reading.position().index() <= applied.index()) {
        return;
      }
      try {
        kv.exclusively(() -> load(reading));
        kv.flush();
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
      listeners.forEach(AppliedListener::reloaded);
    }
  }

  private void load(SnapshotReader rows) {
    try {
      kv.write(batch -> tables.values().forEach(batch::clear));
      rows.load(kv, this::table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cache.clear();
    view.clear();
    ledger.loadUsage();
    usage = ledger.usage();
    applied = rows.position();
  }

  /**
   * Puts everything applied on stable storage.
   *
   * @return an entry up to which everything now is
   * @throws java.io.UncheckedIOException if the disk failed
   */
  public LogPosition flush() {
    LogPosition position = applied;
    kv.flush();
    return position;
  }

  /** What the volume holds, as committed. */
  public Usage usage() {
    return usage;
  }

  /** The id the volume was made with, or null before it is made. */
  public @Nullable Bytes volumeId() {
    byte[] value = reader.get(MetaTable.SYSTEM, Keys.VOLUME);
    return value == null ? null : VolumeRecord.decode(value).volumeId();
  }

  /** The number of the last entry applied of a session that has not ended; empty if it has. */
  public OptionalLong lastEntryOf(long session) {
    byte[] value = reader.get(MetaTable.SESSION, Keys.number(session));
    SessionRecord record = value == null ? null : SessionRecord.decode(value);
    return record == null || record.ended()
        ? OptionalLong.empty()
        : OptionalLong.of(record.lastCut());
  }

  /** Whether an extent refers to the blob. */
  public boolean isReferenced(BlobId id) {
    byte[] value = reader.get(MetaTable.BLOB, Keys.blob(id));
    return value != null && BlobRecord.decode(value).references() > 0;
  }

  /** Whether an extent refers to the blob, or did and it is still to be deleted. */
  public boolean isKnown(BlobId id) {
    return reader.get(MetaTable.BLOB, Keys.blob(id)) != null;
  }

  /**
   * The next blobs that extents refer to, in the order of their ids, after {@code after} or from
   * the first; fewer than {@code max} only at the end.
   */
  public List<SizedBlob> referencedBlobs(@Nullable BlobId after, int max) {
    List<SizedBlob> found = new ArrayList<>();
    byte[] from = after == null ? Keys.FIRST : Keys.blob(after);
    reader.scan(MetaTable.BLOB, from, Keys.END_OF_HASHES, Integer.MAX_VALUE, (key, value) -> {
      BlobRecord blob = BlobRecord.decode(value);
      BlobId id = BlobId.of(key);
      if (blob.references() > 0 && !id.equals(after)) {
        found.add(new SizedBlob(id, blob.size().blobLengthBytes()));
      }
      return found.size() < max;
    });
    return found;
  }

  MetaReader reader() {
    return reader;
  }

  private final class KvReader implements MetaReader {
    @Override
    public byte @Nullable [] get(MetaTable table, byte[] key) {
      return cache.get(table(table), key, kv::get);
    }

    @Override
    public void scan(MetaTable table, byte[] from, byte[] end, int max, Visitor visitor) {
      if (max <= 0) {
        return;
      }
      try (KvCursor cursor = kv.cursor(table(table))) {
        int left = max;
        boolean there = cursor.seek(from);
        while (there) {
          byte[] key = cursor.key();
          if (Arrays.compareUnsigned(key, end) >= 0
              || !visitor.visit(key, cursor.value())
              || --left == 0) {
            return;
          }
          there = cursor.next();
        }
      }
    }
  }
}
