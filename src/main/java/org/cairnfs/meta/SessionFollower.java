package org.cairnfs.meta;

import java.util.HashSet;
import java.util.Set;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;

/**
 * Hears for a session what was committed: its own entries, what others changed, and who holds the
 * leases. In this order: by the time a lease is granted, everything before it is known.
 */
final class SessionFollower implements AppliedListener {
  private final LocalMetaSession session;
  private final MetaReader committed;
  private final LeaseKeeper keeper;

  SessionFollower(LocalMetaSession session, MetaReader committed, LeaseKeeper keeper) {
    this.session = session;
    this.committed = committed;
    this.keeper = keeper;
  }

  @Override
  public void applied(long index, MetaEntry entry, MetaReply reply) {
    SessionLife life = session.life();
    boolean own = entry.getSession() == life.id();
    if (own) {
      life.pipeline().heard(entry, reply);
    }
    if (reply.getOutcome() != MetaReply.Outcome.APPLIED) {
      return;
    }
    if (!own) {
      followContents(entry);
    }
    boolean lease = false;
    boolean locks = false;
    boolean released = false;
    boolean orphans = false;
    for (MetaOp op : entry.getOpsList()) {
      lease |= isAboutLease(op);
      locks |= isAboutLocks(op);
      released |= own && op.hasReleaseLease();
      orphans |= !own && mayLeaveOrphan(op);
    }
    if (lease) {
      session.leases().look();
      keeper.poke();
    }
    if (released) {
      session.locks().shared();
      keeper.lookForOrphans();
    } else if (locks) {
      session.locks().look();
    }
    if (orphans) {
      keeper.lookForOrphans();
    }
  }

  private void followContents(MetaEntry entry) {
    Set<InodeNumber> changed = new HashSet<>();
    for (MetaOp op : entry.getOpsList()) {
      long inode = contentOf(op);
      if (inode != 0) {
        changed.add(new InodeNumber(inode));
      }
    }
    if (!changed.isEmpty()) {
      session.user().contentsChanged(changed);
    }
  }

  /** The inode whose bytes an operation changes; 0 if none. */
  private static long contentOf(MetaOp op) {
    return switch (op.getKindCase()) {
      case UPDATE_FILE -> op.getUpdateFile().getInode();
      case PUNCH_HOLE -> op.getPunchHole().getInode();
      case SET_ATTRIBUTES ->
        op.getSetAttributes().hasSizeBytes() ? op.getSetAttributes().getInode() : 0;
      default -> 0;
    };
  }

  private static boolean isAboutLease(MetaOp op) {
    return switch (op.getKindCase()) {
      case OPEN_SESSION, END_SESSION, ACQUIRE_LEASE, RELEASE_LEASE, ALLOCATE_INODES -> true;
      default -> false;
    };
  }

  private static boolean isAboutLocks(MetaOp op) {
    return switch (op.getKindCase()) {
      case OPEN_SESSION, END_SESSION, SET_LOCK, CANCEL_LOCK -> true;
      default -> false;
    };
  }

  private static boolean mayLeaveOrphan(MetaOp op) {
    return switch (op.getKindCase()) {
      case UNLINK -> op.getUnlink().getKeepInode();
      case REMOVE_DIRECTORY -> op.getRemoveDirectory().getKeepInode();
      case RENAME -> op.getRename().getKeepReplaced();
      default -> false;
    };
  }

  @Override
  public void reloaded() {
    SessionLife life = session.life();
    byte[] row = committed.get(MetaTable.SESSION, Keys.number(life.id()));
    if (row != null) {
      life.pipeline().heardAllUpTo(SessionRecord.decode(row).lastCut());
    }
    session.user().everythingChanged();
    session.leases().lookAnew();
    keeper.poke();
    session.locks().shared();
    keeper.lookForOrphans();
  }
}
