package org.cairnfs.meta;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The session of the mounts of one node: it applies each change at once to an {@link Overlay} over
 * the committed tables, and proposes the changes of each cut as one entry.
 *
 * <p>The same function runs twice over every change, here in advance and in {@link MetaStore} for
 * good. It is deterministic and nobody else changes what this session holds the {@link Leases} on
 * exclusively, so both agree, and nothing has to be undone. Whoever changes something must hold
 * them.
 */
public final class LocalMetaSession implements MetaSession {
  /** Shrinking a file frees at most this many blocks in one operation. */
  static final int SHRINK_STEP_BLOCKS = 1024;

  /** How long closing waits for it. */
  private static final Duration END_TIMEOUT = Duration.ofSeconds(2);

  private static final Logger LOG = LoggerFactory.getLogger(LocalMetaSession.class);

  private final MetaStore store;
  private final MetaLog log;
  private final SessionSettings settings;
  private final LeaseKeeper keeper;
  private final Leases leases;
  private final AppliedListener listener;
  private final SessionSpace space;
  private final SessionLocks locks;
  private final SessionCuts cuts;

  /** Of all its lives. */
  private final Set<Long> ids = ConcurrentHashMap.newKeySet();

  private volatile SessionUser user;
  private volatile SessionLife life;

  private LocalMetaSession(MetaStore store, MetaLog log, SessionSettings settings) {
    this.store = store;
    this.log = log;
    this.settings = settings;
    this.keeper = new LeaseKeeper(this);
    this.leases = new Leases(store.reader(), log, settings.ticker(), keeper::poke);
    this.listener = new SessionFollower(this, store.reader(), keeper);
    this.locks = new SessionLocks(this, store.reader(), keeper);
    this.cuts = new SessionCuts(leases, locks, this::user);
    this.space = new SessionSpace(store);
    this.user = LeaseKeeper.nobody(this);
    this.life = newLife();
    leases.begin(life, Set.of());
    log.onStall(reason -> life().pipeline().stalled(reason));
  }

  private SessionLife newLife() {
    long id = settings.random().nextLong(1, Long.MAX_VALUE);
    ids.add(id);
    return new SessionLife(id, store, log, space::applied, leases::end);
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
      // Should an earlier attempt have reached the log after all, or another node have made it,
      // this one fails, and the check below decides.
      var unused = SessionLife.ask(log, op);
    }
    LocalMetaSession session = new LocalMetaSession(store, log, settings);
    boolean open = false;
    try {
      store.addListener(session.listener);
      session.openLife();
      Bytes there = store.volumeId();
      if (!settings.volumeId().equals(there)) {
        throw new IOException(
            "the metadata is of volume " + there + ", not " + settings.volumeId());
      }
      open = true;
      return session;
    } finally {
      if (!open) {
        session.close();
      }
    }
  }

  /** Has the log open the present life; returns when the tables here have it. */
  void openLife() throws IOException {
    SessionLife opening = life;
    List<Long> open = user.openInodes().stream().map(InodeNumber::value).toList();
    leases.begin(opening, Set.copyOf(open));
    opening.open(settings.node(), open);
    try {
      if (!leases.awaitOpened(SessionLife.OPEN_TIMEOUT)) {
        throw new IOException("this node did not follow the metadata log within "
            + SessionLife.OPEN_TIMEOUT.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening the session", e);
    }
    opening.opened();
    keeper.lookForOrphans();
  }

  /** Whether the node has a session that this object did not open: then it must not end that. */
  boolean isSuperseded() {
    return Sessions.list(store).stream()
        .anyMatch(live -> live.node().equals(settings.node()) && !ids.contains(live.id()));
  }

  /** Forgets everything that is not committed: the session goes on as another. */
  void renew() {
    locks.lose();
    space.forget();
    life = newLife();
    leases.begin(life, Set.of());
  }

  @Override
  public Leases leases() {
    return leases;
  }

  @Override
  public SessionLocks locks() {
    return locks;
  }

  @Override
  public void attach(SessionUser newUser) {
    user = newUser;
    keeper.userChanged();
  }

  SessionUser user() {
    return user;
  }

  SessionLife life() {
    return life;
  }

  @Override
  public Inode inode(InodeNumber number) {
    return life.reads().record(number).toInode();
  }

  @Override
  public @Nullable Dentry lookup(InodeNumber directory, Bytes sealedName) {
    return life.reads().lookup(directory, sealedName);
  }

  @Override
  public List<Dentry> list(InodeNumber directory, @Nullable Bytes after, int max) {
    return life.reads().list(directory, after, max);
  }

  @Override
  public List<Extent> extents(InodeNumber file, long block, int from, int to) {
    return life.reads().extents(file, block, from, to);
  }

  @Override
  public int extentCount(InodeNumber file, long block) {
    return life.reads().extentCount(file, block);
  }

  @Override
  public OptionalLong nextMappedBlock(InodeNumber file, long block) {
    return life.reads().nextMappedBlock(file, block);
  }

  @Override
  public byte @Nullable [] xattr(InodeNumber inode, Bytes sealedName) {
    return life.reads().xattr(inode, sealedName);
  }

  @Override
  public List<Bytes> xattrNames(InodeNumber inode) {
    return life.reads().xattrNames(inode);
  }

  @Override
  public Usage usage() {
    return life.speculation().usage(store.usage());
  }

  @Override
  public Inode create(InodeNumber parent, Bytes sealedName, NewInode inode) {
    return inodeOf(life.changes().create(parent, sealedName, inode));
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
    MetaResult unused = life.changes().upkeep(Ops.forget(inode, now()));
  }

  @Override
  public void forgetOrphan(InodeNumber inode) {
    var unused = life.propose(List.of(Ops.forget(inode, now())), number -> {});
  }

  /** Inodes without links that the tables keep for this session. */
  List<InodeNumber> orphans() {
    return space.orphansOf(life.id());
  }

  @Override
  public boolean isOpenElsewhere(InodeNumber inode) {
    if (leases.isAlone()) {
      return false;
    }
    long id = life.id();
    try {
      return LeaseOps.openedBy(store.reader(), inode.value()).stream().anyMatch(by -> by != id);
    } catch (UncheckedIOException e) {
      throw SessionReads.unreadable(e);
    }
  }

  @Override
  public void touchAccessed(Collection<Touch> touches) {
    MetaResult unused = life.changes().upkeep(Ops.touchAccessed(touches));
  }

  @Override
  public Inode setAttributes(InodeNumber inode, AttributeChange change) {
    SessionLife now = life;
    Speculation changes = now.changes();
    Long size = change.sizeBytes();
    if (size != null) {
      shrinkTowards(inode, size, change.changed());
    }
    return inodeOf(changes.setAttributes(inode, change, now.reads()));
  }

  /**
   * Takes blocks off the end until one operation can take the rest. A crash in between leaves the
   * file longer than wanted; truncate(2) promises no more.
   */
  private void shrinkTowards(InodeNumber number, long sizeBytes, Timestamp changed) {
    InodeRecord inode = life.reads().record(number);
    if (sizeBytes <= 0
        || sizeBytes >= inode.sizeBytes
        || inode.mappedBlocks <= SHRINK_STEP_BLOCKS) {
      return;
    }
    List<Long> milestones =
        life.reads().milestones(inode, ExtentList.blocks(sizeBytes), SHRINK_STEP_BLOCKS);
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
    return life.changes().change(op);
  }

  @Override
  public Cut cut() {
    return cuts.cut(life);
  }

  /** Gives up what is only read here, if that is so; at any time. */
  void releaseReading(List<LeaseRange> ranges) {
    cuts.releaseReading(life, ranges);
  }

  @Override
  public @Nullable Release release(List<LeaseRange> ranges, boolean unchanged) {
    return cuts.release(life, ranges, unchanged);
  }

  @Override
  public long pendingBytes() {
    return life.speculation().pendingBytes();
  }

  @Override
  public int pendingOperations() {
    return life.speculation().pendingOperations();
  }

  @Override
  public boolean isOwed() {
    return life.isOwed();
  }

  @Override
  public List<BlobId> garbage(int max) {
    return space.garbage(max);
  }

  @Override
  public void dropGarbage(List<BlobId> blobs) {
    space.drop(blobs, life.changes());
  }

  @Override
  public boolean isKnown(BlobId blob) {
    return space.isKnown(blob);
  }

  @Override
  public boolean isReferenced(BlobId blob) {
    return space.isReferenced(blob);
  }

  @Override
  public void push() {
    life.pipeline().push();
  }

  @Override
  public void requireRoom() {
    life.pipeline().requireRoom();
  }

  @Override
  public boolean reclaimStep() {
    return space.reclaimStep(life, now());
  }

  long nanos() {
    return settings.ticker().getAsLong();
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

  /**
   * Ends the session in the log, too, if that takes notice soon: then others need not wait until it
   * is missed.
   */
  @Override
  public void close() {
    leases.close();
    keeper.close();
    try {
      var unused = life.propose(List.of(Ops.endSession(life.id())), number -> {})
          .get(END_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("The log did not hear that the session ends", e);
    }
    store.removeListener(listener);
    life.pipeline().close();
  }
}
