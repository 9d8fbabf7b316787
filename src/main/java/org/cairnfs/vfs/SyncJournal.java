package org.cairnfs.vfs;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Cut;
import org.cairnfs.meta.EntryJournal;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.proto.JournalBlob;
import org.cairnfs.proto.JournalRecord;
import org.cairnfs.store.Journal;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a small cut durable with one write of one file, so that fsync need not wait for the
 * segments to be synced and then for the log.
 *
 * <p>A record holds the entry and the sealed blobs it refers to. The blobs are in a segment by then
 * and the entry goes into the log next, but neither is waited for; both are on stable storage when
 * the record is {@linkplain #settle settled}. After a crash {@link JournalReplay} does again what
 * had not got so far.
 *
 * <p>Only for a node that is alone: with others, fsync promises more than this disk can keep. A cut
 * is durable here only if all earlier ones are, or are here, too.
 *
 * <p>One thread at a time writes; anybody may settle.
 */
final class SyncJournal {
  /** A cut with more in it gains nothing: its bytes would be written twice. */
  private static final int CUT_MAX_BYTES = 128 << 10;

  /** How long the log is not troubled with what is here: it takes many cuts as easily as one. */
  private static final Duration PUSH_DELAY = Duration.ofMillis(100);

  /** Records that are settled at once, not by the clock: half of an area, if they are of 4 KiB. */
  private static final int SETTLE_RECORDS = 192;

  private static final Logger LOG = LoggerFactory.getLogger(SyncJournal.class);

  private final Journal file;
  private final BlockStore blobs;
  private final WriteBack writeBack;
  private final MetaSession session;
  private final ScheduledExecutorService timer;
  private final AtomicBoolean pushAsked = new AtomicBoolean();

  /** Guarded by itself: not settled, oldest first. */
  private final Deque<Attempt> unsettled = new ArrayDeque<>();

  /** Set when the file could not be written: from then on it takes nothing more. */
  private volatile boolean failed;

  SyncJournal(
      Journal file,
      BlockStore blobs,
      WriteBack writeBack,
      MetaSession session,
      ScheduledExecutorService timer) {
    this.file = file;
    this.blobs = blobs;
    this.writeBack = writeBack;
    this.session = session;
    this.timer = timer;
  }

  /**
   * Begins with a cut: seals its files.
   *
   * @return null if the cut has to be made durable without the journal
   */
  @Nullable
  Attempt begin(Cut cut, List<FrozenFile> frozen) {
    if (isFilling()) {
      timer.execute(this::settle);
    }
    long bytes =
        cut.bytes() + frozen.stream().mapToLong(FrozenFile::bytesToSeal).sum();
    if (failed || bytes > CUT_MAX_BYTES || !blobs.isAlone() || !writeBack.sealOnly(frozen)) {
      return null;
    }
    List<BlobRef> refs = frozen.stream().flatMap(file -> file.refs().stream()).toList();
    long total = cut.bytes() + refs.stream().mapToLong(BlobRef::blobLengthBytes).sum();
    if (total > CUT_MAX_BYTES) {
      return null;
    }
    Map<BlobId, byte[]> sealed = new LinkedHashMap<>();
    try {
      for (BlobRef ref : refs) {
        sealed.computeIfAbsent(ref.id(), id -> blobs.sealed(ref));
      }
    } catch (PosixException e) {
      LOG.warn("A cut goes without the journal: what it stored cannot be read back", e);
      return null;
    }
    return new Attempt(sealed);
  }

  /** One cut on its way here. */
  final class Attempt implements EntryJournal {
    private final Map<BlobId, byte[]> sealed;
    private long number = Journal.NO_ROOM;
    private boolean durable;
    private volatile boolean committed;

    private Attempt(Map<BlobId, byte[]> sealed) {
      this.sealed = sealed;
    }

    @Override
    public boolean write(byte[] entry, boolean allEarlier) {
      JournalRecord.Builder record =
          JournalRecord.newBuilder().setEntry(UnsafeByteOperations.unsafeWrap(entry));
      sealed.forEach((id, blob) -> record.addBlobs(JournalBlob.newBuilder()
          .setId(ByteString.copyFrom(id.toBytes()))
          .setSealed(UnsafeByteOperations.unsafeWrap(blob))));
      try {
        number = file.append(record.build().toByteArray());
        if (number != Journal.NO_ROOM) {
          file.force();
          durable = allEarlier;
          return true;
        }
      } catch (IOException e) {
        failed = true;
        number = Journal.NO_ROOM;
        LOG.error("Cannot write the journal; fsync goes without it until the next start", e);
      }
      if (!isInSegments(sealed)) {
        throw new PosixException(Errno.EIO, "the disk cannot sync what was written");
      }
      return false;
    }

    @Override
    public void committed() {
      committed = true;
    }

    /**
     * The cut was proposed: returns when it is durable, here or there.
     *
     * @param inLog completes when it is there; exceptionally if the log is stalled, too
     */
    CompletableFuture<Void> proposed(CompletableFuture<Void> inLog) {
      if (number != Journal.NO_ROOM) {
        synchronized (unsettled) {
          unsettled.add(this);
        }
      }
      pushSoon();
      return durable ? CompletableFuture.completedFuture(null) : inLog;
    }
  }

  private void pushSoon() {
    if (pushAsked.compareAndSet(false, true)) {
      var unused = timer.schedule(
          () -> {
            pushAsked.set(false);
            session.push();
          },
          PUSH_DELAY.toMillis(),
          TimeUnit.MILLISECONDS);
    }
  }

  private boolean isFilling() {
    synchronized (unsettled) {
      return unsettled.size() >= SETTLE_RECORDS;
    }
  }

  /** Gives up the records whose entries are committed, after syncing their blobs. */
  synchronized void settle() {
    List<Attempt> done = new ArrayList<>();
    synchronized (unsettled) {
      for (Attempt written : unsettled) {
        if (!written.committed) {
          break;
        }
        done.add(written);
      }
    }
    if (done.isEmpty()) {
      return;
    }
    Map<BlobId, byte[]> sealed = new LinkedHashMap<>();
    done.forEach(written -> sealed.putAll(written.sealed));
    if (isInSegments(sealed)) {
      synchronized (unsettled) {
        done.forEach(unsettled::remove);
      }
      file.settle(done.get(done.size() - 1).number);
    }
  }

  /** Syncs blobs; those that the disk lost meanwhile are stored once more. */
  private boolean isInSegments(Map<BlobId, byte[]> sealed) {
    try {
      Set<BlobId> lost = blobs.sync(sealed.keySet());
      for (BlobId id : lost) {
        byte[] blob = sealed.get(id);
        if (blob != null) {
          blobs.restore(id, blob);
        }
      }
      return lost.isEmpty() || blobs.sync(new HashSet<>(lost)).isEmpty();
    } catch (PosixException e) {
      LOG.error("Blobs cannot be synced; the journal keeps them", e);
      return false;
    }
  }
}
