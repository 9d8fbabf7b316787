package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.cairnfs.core.Errno;
import org.cairnfs.proto.CancelLock;
import org.cairnfs.proto.SetLock;
import org.jspecify.annotations.Nullable;

/** Advisory locks across sessions: fcntl(2) ranges, and flock(2). Never speculated on. */
final class LockOps {
  private final MetaView view;

  LockOps(MetaView view) {
    this.view = view;
  }

  /**
   * Sets, replaces or removes a lock. Fails with EAGAIN if it conflicts and is not to wait, with
   * EDEADLK if it would wait for ever, with ENOLCK if the file has too many. One that waits is
   * {@linkplain LockRecord#waiting among those} of the file afterwards.
   */
  MetaResult set(long session, SetLock op) {
    if (session == 0 || op.getStart() < 0 || op.getEnd() < op.getStart()) {
      return MetaResult.failed(Errno.EINVAL);
    }
    LockRecord locks = LockRecord.read(view, op.getInode());
    LockRecord.Owner owner = new LockRecord.Owner(session, op.getOwner(), op.getWhole());
    switch (op.getKind()) {
      case UNLOCK -> {
        locks.unlock(owner, op.getStart(), op.getEnd());
        locks.grantWaiting();
      }
      case SHARED, EXCLUSIVE -> {
        LockRecord.Lock wanted = new LockRecord.Lock(
            owner,
            op.getKind() == SetLock.Kind.EXCLUSIVE,
            op.getStart(),
            op.getEnd(),
            op.getPid(),
            op.getTicket());
        Errno problem = hold(op, locks, wanted);
        if (problem != null) {
          return MetaResult.failed(problem);
        }
      }
      default -> {
        return MetaResult.failed(Errno.EINVAL);
      }
    }
    put(op.getInode(), locks);
    return MetaResult.DONE;
  }

  private @Nullable Errno hold(SetLock op, LockRecord locks, LockRecord.Lock wanted) {
    if (locks.size() >= LockRecord.MAX_ENTRIES) {
      return Errno.ENOLCK;
    }
    if (locks.blockersOf(wanted).isEmpty()) {
      locks.hold(wanted);
      // a lock made weaker may let others in
      locks.grantWaiting();
      return null;
    }
    if (!op.getWait()) {
      return Errno.EAGAIN;
    }
    if (op.getWhole()) {
      // flock(2) converts a lock in two steps: one that has to wait lets go of what it had
      locks.unlock(wanted.owner(), wanted.start(), wanted.end());
      locks.grantWaiting();
    } else if (wouldDeadlock(op.getInode(), wanted)) {
      return Errno.EDEADLK;
    }
    locks.waiting().add(wanted);
    return null;
  }

  /** Gives up a request that waits; ENOENT if it does not (any more). */
  MetaResult cancel(long session, CancelLock op) {
    LockRecord locks = LockRecord.read(view, op.getInode());
    boolean waited = locks
        .waiting()
        .removeIf(lock -> lock.owner().session() == session && lock.ticket() == op.getTicket());
    if (!waited) {
      return MetaResult.failed(Errno.ENOENT);
    }
    put(op.getInode(), locks);
    return MetaResult.DONE;
  }

  /** The session is over, and with it its locks and requests. */
  void end(long session) {
    readAll().forEach((inode, locks) -> {
      boolean some = locks.held().removeIf(lock -> lock.owner().session() == session);
      some |= locks.waiting().removeIf(lock -> lock.owner().session() == session);
      if (some) {
        locks.grantWaiting();
        put(inode, locks);
      }
    });
  }

  /** Follows who waits for whom: does the chain lead back to whoever wants the lock? */
  private boolean wouldDeadlock(long inode, LockRecord.Lock wanted) {
    Map<Long, LockRecord> all = readAll();
    Set<LockRecord.Owner> seen = new HashSet<>();
    List<LockRecord.Owner> next = new ArrayList<>();
    LockRecord here = all.get(inode);
    if (here != null) {
      here.blockersOf(wanted).forEach(blocker -> next.add(blocker.owner()));
    }
    while (!next.isEmpty()) {
      LockRecord.Owner current = next.remove(next.size() - 1);
      if (current.equals(wanted.owner())) {
        return true;
      }
      if (!seen.add(current)) {
        continue;
      }
      for (LockRecord locks : all.values()) {
        for (LockRecord.Lock waiter : locks.waiting()) {
          if (waiter.owner().equals(current)) {
            locks.blockersOf(waiter).forEach(blocker -> next.add(blocker.owner()));
          }
        }
      }
    }
    return false;
  }

  private Map<Long, LockRecord> readAll() {
    Map<Long, LockRecord> all = new TreeMap<>();
    view.scan(MetaTable.LOCK, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      all.put(Keys.firstNumber(key), LockRecord.decode(value));
      return true;
    });
    return all;
  }

  private void put(long inode, LockRecord locks) {
    byte[] key = Keys.number(inode);
    if (locks.size() == 0) {
      view.delete(MetaTable.LOCK, key);
    } else {
      view.put(MetaTable.LOCK, key, locks.encode());
    }
  }
}
