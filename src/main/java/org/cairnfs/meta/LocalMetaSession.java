package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.proto.OpReply;
import org.jspecify.annotations.Nullable;

/**
 * The session of a mount that has the volume to itself: it applies each change at once to an
 * {@link Overlay} over the committed tables, and proposes the changes of each cut as one entry.
 *
 * <p>The same function runs twice over every change, here in advance and in {@link MetaStore} for
 * good. It is deterministic and nobody else changes the volume, so both agree, and nothing has to
 * be undone.
 */
public final class LocalMetaSession implements MetaSession {
  /** Shrinking a file frees at most this many blocks in one operation. */
  static final int SHRINK_STEP_BLOCKS = 1024;

  /** Blocks that one step of reclaiming frees. */
  private static final int RECLAIM_STEP_BLOCKS = 1024;

  /** How long opening waits for the log. */
  private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(30);

  private final SessionSettings settings;
  private final MetaStore store;
  private final Overlay overlay;
  private final SessionReads reads;
  private final Speculation speculation;
  private final SessionPipeline pipeline;

  /** Held while a cut is committed, so that cuts enter the log in order. */
  private final ReentrantLock commits = new ReentrantLock();

  /** Blobs whose garbage records are being dropped. */
  private final Set<BlobId> dropping = ConcurrentHashMap.newKeySet();

  /** Number of the batch with a step of reclaiming that was not applied yet; 0 if none. */
  private volatile long reclaiming;

  private LocalMetaSession(
      long id, MetaStore store, MetaLog log, SessionSettings settings, InodeNumbers numbers) {
    this.store = store;
    this.settings = settings;
    this.overlay = new Overlay(store.reader());
    this.reads = new SessionReads(overlay);
    this.speculation = new Speculation(id, overlay, numbers);
    this.pipeline = new SessionPipeline(id, log, this::applied);
  }

  /**
   * Opens the node's session, ending its earlier ones; makes the volume if there is none. Blocks on
   * the log.
   *
   * @param store what {@code log} applies to; both stay the caller's
   * @throws IOException if the log does not answer in time, or the store holds another volume
   */
  public static LocalMetaSession open(MetaStore store, MetaLog log, SessionSettings settings)
      throws IOException {
    if (store.volumeId() == null) {
      MetaOp op = Ops.makeVolume(
          settings.volumeId(),
          settings.rootPermissions(),
          settings.rootUid(),
          settings.rootGid(),
          Timestamp.of(settings.clock().instant()));
      // Should an earlier attempt have reached the log after all, this one fails, and the check
      // below decides.
      var unused = ask(log, op);
    }
    if (!settings.volumeId().equals(store.volumeId())) {
      throw new IOException(
          "the metadata is of volume " + store.volumeId() + ", not " + settings.volumeId());
    }
    long id = settings.random().nextLong(1, Long.MAX_VALUE);
    MetaReply reply =
        ask(log, Ops.openSession(id, settings.node()), Ops.allocateInodes(InodeNumbers.RANGE));
    for (OpReply answer : reply.getRepliesList()) {
      if (answer.getErrno() == 0 && answer.getRangeCount() > 0 && reply.getRepliesCount() == 1) {
        InodeNumbers numbers = new InodeNumbers(answer.getRangeFirst(), answer.getRangeCount());
        return new LocalMetaSession(id, store, log, settings, numbers);
      }
    }
    throw new IOException("the log refused to open a session: " + reply);
  }

  private static MetaReply ask(MetaLog log, MetaOp... ops) throws IOException {
    MetaEntry entry = MetaEntry.newBuilder().addAllOps(List.of(ops)).build();
    try {
      byte[] reply =
          log.propose(entry.toByteArray()).get(OPEN_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      return MetaReply.parseFrom(reply);
    } catch (TimeoutException e) {
      throw new IOException(
          "the metadata log did not answer within " + OPEN_TIMEOUT.toSeconds() + " s", e);
    } catch (ExecutionException | InvalidProtocolBufferException e) {
      throw new IOException("the metadata log failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening the session", e);
    }
  }

  @Override
  public Inode inode(InodeNumber number) {
    return reads.record(number).toInode();
  }

  @Override
  public @Nullable Dentry lookup(InodeNumber directory, Bytes sealedName) {
    return reads.lookup(directory, sealedName);
  }

  @Override
  public List<Dentry> list(InodeNumber directory, @Nullable Bytes after, int max) {
    return reads.list(directory, after, max);
  }

  @Override
  public List<Extent> extents(InodeNumber file, long block) {
    return reads.extents(file, block);
  }

  @Override
  public OptionalLong nextMappedBlock(InodeNumber file, long block) {
    return reads.nextMappedBlock(file, block);
  }

  @Override
  public byte @Nullable [] xattr(InodeNumber inode, Bytes sealedName) {
    return reads.xattr(inode, sealedName);
  }

  @Override
  public List<Bytes> xattrNames(InodeNumber inode) {
    return reads.xattrNames(inode);
  }

  @Override
  public Usage usage() {
    return speculation.usage(store.usage());
  }

  @Override
  public Inode create(InodeNumber parent, Bytes sealedName, NewInode inode) {
    pipeline.requireUsable();
    return inodeOf(speculation.create(parent, sealedName, inode));
  }

  @Override
  public Inode link(InodeNumber inode, InodeNumber parent, Bytes sealedName, Timestamp now) {
    return inodeOf(change(Ops.link(inode, parent, sealedName, now)));
  }

  @Override
  public void unlink(InodeNumber parent, Bytes sealedName, boolean keepInode, Timestamp now) {
    change(Ops.unlink(parent, sealedName, keepInode, now));
  }

  @Override
  public void removeDirectory(
      InodeNumber parent, Bytes sealedName, boolean keepInode, Timestamp now) {
    change(Ops.removeDirectory(parent, sealedName, keepInode, now));
  }

  @Override
  public void rename(
      InodeNumber parent,
      Bytes sealedName,
      InodeNumber newParent,
      Bytes newSealedName,
      boolean keepReplaced,
      Timestamp now) {
    change(Ops.rename(parent, sealedName, newParent, newSealedName, keepReplaced, now));
  }

  @Override
  public void forget(InodeNumber inode) {
    change(Ops.forget(inode, now()));
  }

  @Override
  public Inode setAttributes(InodeNumber inode, AttributeChange change) {
    pipeline.requireUsable();
    Long size = change.sizeBytes();
    if (size != null) {
      shrinkTowards(inode, size, change.changed());
    }
    return inodeOf(speculation.setAttributes(inode, change, reads));
  }

  /**
   * Takes blocks off the end until one operation can take the rest. A crash in between leaves the
   * file longer than wanted; truncate(2) promises no more.
   */
  private void shrinkTowards(InodeNumber number, long sizeBytes, Timestamp changed) {
    InodeRecord inode = reads.record(number);
    if (sizeBytes <= 0
        || sizeBytes >= inode.sizeBytes
        || inode.mappedBlocks <= SHRINK_STEP_BLOCKS) {
      return;
    }
    List<Long> milestones =
        reads.milestones(inode, ExtentList.blocks(sizeBytes), SHRINK_STEP_BLOCKS);
    for (int i = milestones.size() - 1; i >= 0; i--) {
      long stepBytes = milestones.get(i) * Limits.BLOCK_SIZE_BYTES;
      var step = new AttributeChange(null, null, null, stepBytes, null, null, changed);
      change(Ops.setAttributes(number, step, 0));
    }
  }

  @Override
  public Inode punchHole(InodeNumber file, long offset, long length, Timestamp now) {
    return inodeOf(change(Ops.punchHole(file, offset, length, now)));
  }

  @Override
  public void setXattr(
      InodeNumber inode,
      Bytes sealedName,
      Bytes sealedValue,
      boolean mustBeNew,
      boolean mustExist,
      Timestamp now) {
    change(Ops.setXattr(inode, sealedName, sealedValue, mustBeNew, mustExist, now));
  }

  @Override
  public void removeXattr(InodeNumber inode, Bytes sealedName, Timestamp now) {
    change(Ops.removeXattr(inode, sealedName, now));
  }

  private MetaResult.Done change(MetaOp op) {
    pipeline.requireUsable();
    return speculation.change(op);
  }

  @Override
  public Cut cut() {
    return new LocalCut(speculation.cut());
  }

  private final class LocalCut implements Cut {
    private final Batch batch;

    LocalCut(Batch batch) {
      this.batch = batch;
    }

    @Override
    public boolean isEmpty() {
      return batch.ops().isEmpty();
    }

    @Override
    public CompletableFuture<Void> commit(List<FileUpdate> updates) {
      commits.lock();
      try {
        pipeline.awaitPlace();
        try {
          speculation.update(batch, updates);
        } catch (PosixException e) {
          // The cut cannot be had whole, and later ones must not be without it.
          pipeline.fail(e);
        }
        return pipeline.propose(batch);
      } finally {
        commits.unlock();
      }
    }
  }

  private void applied(Batch batch, @Nullable MetaReply reply) {
    speculation.applied(batch, reply);
    batch.dropped().forEach(dropping::remove);
    if (reclaiming == batch.number()) {
      reclaiming = 0;
    }
  }

  @Override
  public long pendingBytes() {
    return speculation.pendingBytes();
  }

  @Override
  public int pendingOperations() {
    return speculation.pendingOperations();
  }

  @Override
  public List<BlobId> garbage(int max) {
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

  @Override
  public void dropGarbage(List<BlobId> blobs) {
    pipeline.requireUsable();
    if (!blobs.isEmpty()) {
      dropping.addAll(blobs);
      speculation.addUnseen(Ops.dropGarbage(blobs), batch -> batch.dropped().addAll(blobs));
    }
  }

  @Override
  public boolean isKnown(BlobId blob) {
    try {
      return store.isKnown(blob);
    } catch (UncheckedIOException e) {
      throw SessionReads.unreadable(e);
    }
  }

  @Override
  public boolean isReferenced(BlobId blob) {
    try {
      return store.isReferenced(blob);
    } catch (UncheckedIOException | CorruptMetadataException e) {
      throw SessionReads.unreadable(e);
    }
  }

  @Override
  public boolean reclaimStep() {
    try {
      if (reclaiming != 0 || !SpaceOps.anythingToReclaim(store.reader())) {
        return false;
      }
    } catch (UncheckedIOException | CorruptMetadataException e) {
      throw SessionReads.unreadable(e);
    }
    pipeline.requireUsable();
    speculation.addUnseen(
        Ops.reclaimStep(RECLAIM_STEP_BLOCKS, now()), batch -> reclaiming = batch.number());
    return true;
  }

  /** Keys that differ from the committed tables. */
  long overlaySize() {
    return overlay.size();
  }

  private Timestamp now() {
    return Timestamp.of(settings.clock().instant());
  }

  private static Inode inodeOf(MetaResult.Done done) {
    InodeRecord inode = done.inode();
    if (inode == null) {
      throw new IllegalStateException("an operation about an inode returned none");
    }
    return inode.toInode();
  }

  @Override
  public void close() {
    pipeline.close();
  }
}
