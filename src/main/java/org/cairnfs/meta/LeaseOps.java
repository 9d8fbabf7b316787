package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.cairnfs.core.Errno;
import org.cairnfs.proto.AcquireLease;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.ReleaseLease;
import org.jspecify.annotations.Nullable;

/**
 * The leases on inodes: any number of sessions hold one shared, or one exclusively; who must wait
 * is served in the order of asking, all inodes of a request at once.
 *
 * <p>A lease is a row of ranges of inode numbers, so that the lease on everything is one range, and
 * who asks for an inode gets the numbers around it, too, as far as nobody else holds or wants them.
 *
 * <p>Also keeps account of what sessions have open, which they tell when they give leases up. Never
 * speculated on.
 */
final class LeaseOps {
  private final MetaView view;

  /** What the session of the entry being applied holds; null if not known. */
  private @Nullable LeaseRanges held;

  private long heldBy;

  LeaseOps(MetaView view) {
    this.view = view;
  }

  /** Thrown for an entry that changes what its session may not change. */
  static final class FencedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FencedException(long session, long inode) {
      super("session " + session + " changes inode " + inode + " without the lease on it");
    }
  }

  /** Whether only a session that holds leases on what it changes may propose the operation. */
  static boolean needsLeases(MetaOp op) {
    return switch (op.getKindCase()) {
      case CREATE,
          LINK,
          UNLINK,
          REMOVE_DIRECTORY,
          RENAME,
          SET_ATTRIBUTES,
          TOUCH_ACCESSED,
          PUNCH_HOLE,
          SET_XATTR,
          REMOVE_XATTR,
          UPDATE_FILE -> true;
      default -> false;
    };
  }

  static LeaseRanges read(MetaReader reader, long session) {
    byte[] value = reader.get(MetaTable.LEASE, Keys.number(session));
    return value == null ? LeaseRanges.NOTHING : LeaseRanges.decode(value);
  }

  /** What all sessions hold, by session. */
  static Map<Long, LeaseRanges> readAll(MetaReader reader) {
    Map<Long, LeaseRanges> leases = new TreeMap<>();
    reader.scan(MetaTable.LEASE, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      leases.put(Keys.firstNumber(key), LeaseRanges.decode(value));
      return true;
    });
    return leases;
  }

  /** Who waits, in the order of asking. */
  static NavigableMap<Long, LeaseRequest> readWaiting(MetaReader reader) {
    NavigableMap<Long, LeaseRequest> waiting = new TreeMap<>();
    reader.scan(MetaTable.WAIT, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      waiting.put(Keys.firstNumber(key), LeaseRequest.decode(value));
      return true;
    });
    return waiting;
  }

  /** Sessions that have the inode open, as far as they have told. */
  static List<Long> openedBy(MetaReader reader, long inode) {
    List<Long> sessions = new ArrayList<>();
    reader.scan(
        MetaTable.OPEN,
        Keys.number(inode),
        Keys.endOf(inode),
        Integer.MAX_VALUE,
        (key, value) -> sessions.add(Keys.secondNumber(key)));
    return sessions;
  }

  /** Forgets what is known of the tables: they were changed, or changes were thrown away. */
  void forget() {
    held = null;
  }

  /** Returns if the session holds the lease on the inode exclusively. */
  void requireExclusive(long session, long inode) {
    LeaseRanges known = held;
    if (known == null || heldBy != session) {
      known = read(view, session);
      held = known;
      heldBy = session;
    }
    if (known.at(inode) != LeaseMode.EXCLUSIVE) {
      throw new FencedException(session, inode);
    }
  }

  MetaResult acquire(long session, AcquireLease op) {
    Map<Long, LeaseMode> wanted = new TreeMap<>();
    op.getSharedList().forEach(inode -> wanted.put(inode, LeaseMode.SHARED));
    op.getExclusiveList().forEach(inode -> wanted.put(inode, LeaseMode.EXCLUSIVE));
    boolean possible = wanted.keySet().stream().allMatch(inode -> inode >= 0);
    if (session == 0 || !possible || wanted.size() > LeaseRequest.MAX_INODES) {
      return MetaResult.failed(Errno.EINVAL);
    }
    NavigableMap<Long, LeaseRequest> waiting = readWaiting(view);
    long ticket = waiting.isEmpty() ? 1 : waiting.lastKey() + 1;
    LeaseRequest request = new LeaseRequest(session, wanted);
    waiting.put(ticket, request);
    view.put(MetaTable.WAIT, Keys.number(ticket), request.encode());
    grant(readAll(view), waiting);
    return MetaResult.DONE;
  }

  MetaResult release(long session, ReleaseLease op) {
    List<LeaseRange> ranges = new ArrayList<>();
    for (org.cairnfs.proto.LeaseRange range : op.getRangesList()) {
      if (range.getStart() < 0 || range.getEnd() <= range.getStart()) {
        return MetaResult.failed(Errno.EINVAL);
      }
      ranges.add(
          new LeaseRange(range.getStart(), range.getEnd(), LeaseMode.of(range.getKeepValue())));
    }
    if (session == 0) {
      return MetaResult.failed(Errno.EINVAL);
    }
    putOpen(session, op.getOpenedList());
    for (long inode : op.getClosedList()) {
      view.delete(MetaTable.OPEN, Keys.pair(inode, session));
    }
    Map<Long, LeaseRanges> leases = readAll(view);
    put(leases, session, held(leases, session).atMost(ranges));
    grant(leases, readWaiting(view));
    return MetaResult.DONE;
  }

  /** Numbers that nobody used yet become the session's. */
  void giveNew(long session, long first, int count) {
    Map<Long, LeaseRanges> leases = readAll(view);
    long end = first + count;
    for (long other : List.copyOf(leases.keySet())) {
      LeaseRanges left = held(leases, other).atMost(first, end, LeaseMode.NONE);
      if (other != session && !left.equals(held(leases, other))) {
        put(leases, other, left);
      }
    }
    put(leases, session, held(leases, session).atLeast(first, end, LeaseMode.EXCLUSIVE));
  }

  /** The session is alone: it need not ask. */
  void giveEverything(long session) {
    put(readAll(view), session, LeaseRanges.EVERYTHING);
  }

  /** The session has the inodes open; those that are gone are left out. */
  void putOpen(long session, Collection<Long> openInodes) {
    for (long inode : openInodes) {
      if (view.get(MetaTable.INODE, Keys.number(inode)) != null) {
        view.put(MetaTable.OPEN, Keys.pair(inode, session), Records.EMPTY);
      }
    }
  }

  /** The session is over: others may have what it held. */
  void end(long session) {
    List<byte[]> open = new ArrayList<>();
    view.scan(MetaTable.OPEN, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      if (Keys.secondNumber(key) == session) {
        open.add(key);
      }
      return true;
    });
    open.forEach(key -> view.delete(MetaTable.OPEN, key));
    NavigableMap<Long, LeaseRequest> waiting = readWaiting(view);
    new TreeMap<>(waiting).forEach((ticket, request) -> {
      if (request.session() == session) {
        waiting.remove(ticket);
        view.delete(MetaTable.WAIT, Keys.number(ticket));
      }
    });
    Map<Long, LeaseRanges> leases = readAll(view);
    put(leases, session, LeaseRanges.NOTHING);
    grant(leases, waiting);
  }

  private static LeaseRanges held(Map<Long, LeaseRanges> leases, long session) {
    return leases.getOrDefault(session, LeaseRanges.NOTHING);
  }

  /**
   * Serves those who wait, in order; whoever must go on to wait keeps later ones from what it
   * wants.
   */
  private void grant(Map<Long, LeaseRanges> leases, NavigableMap<Long, LeaseRequest> waiting) {
    List<LeaseRequest> blocked = new ArrayList<>();
    new TreeMap<>(waiting).forEach((ticket, request) -> {
      if (isCompatible(request, leases) && blocked.stream().noneMatch(request::conflictsWith)) {
        waiting.remove(ticket);
        view.delete(MetaTable.WAIT, Keys.number(ticket));
        give(request, leases, waiting.values());
      } else {
        blocked.add(request);
      }
    });
  }

  private static boolean isCompatible(LeaseRequest request, Map<Long, LeaseRanges> leases) {
    return leases.entrySet().stream()
        .filter(other -> other.getKey() != request.session())
        .allMatch(other -> request.wanted().entrySet().stream()
            .noneMatch(want -> want.getValue().conflictsWith(other.getValue().at(want.getKey()))));
  }

  private void give(
      LeaseRequest request, Map<Long, LeaseRanges> leases, Collection<LeaseRequest> waiting) {
    LeaseRanges mine = held(leases, request.session());
    for (Map.Entry<Long, LeaseMode> want : request.wanted().entrySet()) {
      if (!mine.at(want.getKey()).covers(want.getValue())) {
        Free free = new Free(want.getKey(), want.getValue());
        leases.forEach((session, ranges) -> {
          if (session != request.session()) {
            ranges.list().forEach(free::without);
          }
        });
        for (LeaseRequest other : waiting) {
          if (other.session() != request.session()) {
            other
                .wanted()
                .forEach((inode, mode) -> free.without(new LeaseRange(inode, inode + 1, mode)));
          }
        }
        mine = mine.atLeast(free.start, free.end, want.getValue());
      }
    }
    put(leases, request.session(), mine);
  }

  /** The numbers around an inode that nobody else holds or waits for. */
  private static final class Free {
    private final long inode;
    private final LeaseMode mode;
    private long start = LeaseRanges.TREE;
    private long end = LeaseRanges.END;

    Free(long inode, LeaseMode mode) {
      this.inode = inode;
      this.mode = mode;
    }

    void without(LeaseRange taken) {
      if (!mode.conflictsWith(taken.mode())) {
        return;
      }
      if (taken.start() > inode) {
        end = Math.min(end, taken.start());
      } else if (taken.end() <= inode) {
        start = Math.max(start, taken.end());
      }
    }
  }

  private void put(Map<Long, LeaseRanges> leases, long session, LeaseRanges ranges) {
    byte[] key = Keys.number(session);
    held = null;
    if (ranges.isEmpty()) {
      leases.remove(session);
      view.delete(MetaTable.LEASE, key);
    } else {
      leases.put(session, ranges);
      view.put(MetaTable.LEASE, key, ranges.encode());
    }
  }
}
