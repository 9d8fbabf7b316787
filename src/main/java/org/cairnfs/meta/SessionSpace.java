package org.cairnfs.meta;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;

/**
 * What a session does to give space back: steps of reclaiming, and blobs that nothing refers to.
 * Thread-safe.
 */
final class SessionSpace {
  /** Blocks that one step of reclaiming frees. */
  private static final int RECLAIM_STEP_BLOCKS = 1024;

  private final MetaStore store;

  /** Blobs whose garbage records are being dropped. */
  private final Set<BlobId> dropping = ConcurrentHashMap.newKeySet();

  /** The batch with a step of reclaiming that was not applied yet, or one before it. */
  private volatile @Nullable Batch reclaiming;

  SessionSpace(MetaStore store) {
    this.store = store;
  }

  /** A batch is in the committed tables, or lost. */
  void applied(Batch batch, @Nullable MetaReply reply) {
    batch.dropped().forEach(dropping::remove);
    Batch step = reclaiming;
    if (step != null && step.number() <= batch.number()) {
      reclaiming = null;
    }
  }

  /** A session ended with what it had not committed. */
  void forget() {
    dropping.clear();
    reclaiming = null;
  }

  /** Inodes without links that the tables keep for a session. */
  List<InodeNumber> orphansOf(long session) {
    List<InodeNumber> orphans = new ArrayList<>();
    store
        .reader()
        .scan(
            MetaTable.ORPHAN,
            Keys.number(session),
            Keys.endOf(session),
            Integer.MAX_VALUE,
            (key, value) -> orphans.add(new InodeNumber(Keys.secondNumber(key))));
    return orphans;
  }

  /** See {@link MetaSession#garbage}. */
  List<BlobId> garbage(int max) {
    List<BlobId> blobs = new ArrayList<>();
    if (max <= 0) {
      return blobs;
    }
    try {
      store
          .reader()
          .scan(MetaTable.GARBAGE, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
            BlobId blob = Keys.blobOfGarbage(key);
            if (!dropping.contains(blob)) {
              blobs.add(blob);
            }
            return blobs.size() < max;
          });
    } catch (UncheckedIOException e) {
      throw SessionReads.unreadable(e);
    }
    return blobs;
  }

  /** See {@link MetaSession#dropGarbage}. */
  void drop(List<BlobId> blobs, Speculation changes) {
    if (!blobs.isEmpty()) {
      dropping.addAll(blobs);
      changes.addUnseen(Ops.dropGarbage(blobs), batch -> batch.dropped().addAll(blobs));
    }
  }

  boolean isKnown(BlobId blob) {
    try {
      return store.isKnown(blob);
    } catch (UncheckedIOException e) {
      throw SessionReads.unreadable(e);
    }
  }

  boolean isReferenced(BlobId blob) {
    try {
      return store.isReferenced(blob);
    } catch (UncheckedIOException | CorruptMetadataException e) {
      throw SessionReads.unreadable(e);
    }
  }

  /** See {@link MetaSession#reclaimStep}. */
  boolean reclaimStep(SessionLife life, Timestamp now) {
    try {
      if (reclaiming != null || !SpaceOps.anythingToReclaim(store.reader())) {
        return false;
      }
    } catch (UncheckedIOException | CorruptMetadataException e) {
      throw SessionReads.unreadable(e);
    }
    life.changes()
        .addUnseen(Ops.reclaimStep(RECLAIM_STEP_BLOCKS, now), batch -> reclaiming = batch);
    return true;
  }
}
