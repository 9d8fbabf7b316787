package org.cairnfs.meta;

import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;

/**
 * The deterministic function from tables and an operation to changed tables and a result.
 *
 * <p>Nothing but the view and the operation goes in. An operation that fails has changed nothing:
 * every check comes before the first change. What it throws ({@link CorruptMetadataException},
 * {@link java.io.UncheckedIOException}) means that the view's changes must be thrown away. Not
 * thread-safe.
 */
final class MetaMachine {
  private static final long NOBODY = 0;

  private final Ledger ledger;
  private final CreateOps creation;
  private final RemoveOps removal;
  private final RenameOp rename;
  private final AttributeOps attributes;
  private final ExtentOps extents;
  private final XattrOps xattrs;
  private final SessionOps sessions;
  private final MemberOps members;
  private final LeaseOps leases;
  private final LockOps locks;
  private final @Nullable SpaceOps space;

  /** Whose leases the changes of inodes need; {@link #NOBODY} if they need none. */
  private long guarded = NOBODY;

  private MetaMachine(MetaView view, Ledger ledger, @Nullable StoredLedger stored) {
    this.leases = new LeaseOps(view);
    Inodes inodes = new Inodes(view, stored == null ? inode -> {} : this::requireExclusive);
    this.ledger = ledger;
    this.creation = new CreateOps(inodes, ledger);
    this.removal = new RemoveOps(view, inodes, ledger);
    this.rename = new RenameOp(inodes, removal);
    this.extents = new ExtentOps(view, inodes, ledger);
    this.attributes = new AttributeOps(inodes, extents);
    this.xattrs = new XattrOps(view, inodes);
    this.members = new MemberOps(view);
    this.locks = new LockOps(view);
    this.sessions = new SessionOps(view, inodes, ledger, leases, locks);
    this.space = stored == null ? null : new SpaceOps(view, removal, stored);
  }

  /** Applies for good. */
  static MetaMachine replicated(MetaView view, StoredLedger ledger) {
    return new MetaMachine(view, ledger, ledger);
  }

  /**
   * Applies in advance: everything a reader of the tree sees comes out the same, the rest is left
   * out.
   */
  static MetaMachine speculative(MetaView view, UsageLedger ledger) {
    return new MetaMachine(view, ledger, null);
  }

  /**
   * Applies one operation.
   *
   * @throws LeaseOps.FencedException for good only: it changes what the session may not change
   */
  MetaResult apply(long session, MetaOp op) {
    guarded = LeaseOps.needsLeases(op) ? session : NOBODY;
    MetaResult result = dispatch(session, op);
    ledger.settle(Math.max(0, second(op)));
    return result;
  }

  private void requireExclusive(long inode) {
    if (guarded != NOBODY) {
      leases.requireExclusive(guarded, inode);
    }
  }

  /** The changes of the view were thrown away, or written: nothing is known of it any more. */
  void forget() {
    leases.forget();
  }

  private MetaResult dispatch(long session, MetaOp op) {
    return switch (op.getKindCase()) {
      case CREATE -> creation.create(op.getCreate());
      case LINK -> creation.link(op.getLink());
      case UNLINK -> removal.unlink(session, op.getUnlink());
      case REMOVE_DIRECTORY -> removal.removeDirectory(session, op.getRemoveDirectory());
      case RENAME -> rename.rename(session, op.getRename());
      case FORGET -> removal.forget(session, op.getForget());
      case SET_ATTRIBUTES -> attributes.setAttributes(op.getSetAttributes());
      case TOUCH_ACCESSED -> attributes.touchAccessed(op.getTouchAccessed());
      case PUNCH_HOLE -> extents.punchHole(op.getPunchHole());
      case UPDATE_FILE -> extents.update(op.getUpdateFile());
      case SET_XATTR -> xattrs.set(op.getSetXattr());
      case REMOVE_XATTR -> xattrs.remove(op.getRemoveXattr());
      case MAKE_VOLUME -> sessions.makeVolume(op.getMakeVolume());
      case OPEN_SESSION -> sessions.openSession(op.getOpenSession());
      case END_SESSION -> sessions.endSession(op.getEndSession());
      case ACQUIRE_LEASE -> leases.acquire(session, op.getAcquireLease());
      case RELEASE_LEASE -> leases.release(session, op.getReleaseLease());
      case SET_LOCK -> locks.set(session, op.getSetLock());
      case CANCEL_LOCK -> locks.cancel(session, op.getCancelLock());
      case ALLOCATE_INODES -> sessions.allocateInodes(session, op.getAllocateInodes());
      case DROP_GARBAGE -> space().dropGarbage(op.getDropGarbage());
      case RECLAIM_STEP -> space().reclaimStep(op.getReclaimStep());
      case ADD_FOUNDER -> members.addFounder(op.getAddFounder());
      case JOIN_CLUSTER -> members.join(op.getJoinCluster());
      case UPDATE_MEMBER -> members.update(op.getUpdateMember());
      case ADD_INVITE -> members.addInvite(op.getAddInvite());
      case SET_REPLICATION -> members.setReplication(op.getSetReplication());
      case KIND_NOT_SET ->
        throw new CorruptMetadataException("an operation of a kind that this build does not know");
    };
  }

  private SpaceOps space() {
    if (space == null) {
      throw new IllegalStateException("not an operation to speculate on");
    }
    return space;
  }

  /** When blobs that the operation lets go of became garbage. */
  private static long second(MetaOp op) {
    return switch (op.getKindCase()) {
      case UNLINK -> op.getUnlink().getTime().getSeconds();
      case RENAME -> op.getRename().getTime().getSeconds();
      case FORGET -> op.getForget().getTime().getSeconds();
      case SET_ATTRIBUTES -> op.getSetAttributes().getChanged().getSeconds();
      case PUNCH_HOLE -> op.getPunchHole().getTime().getSeconds();
      case UPDATE_FILE -> op.getUpdateFile().getChanged().getSeconds();
      case RECLAIM_STEP -> op.getReclaimStep().getTime().getSeconds();
      default -> 0;
    };
  }
}
