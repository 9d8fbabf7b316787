package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.core.Errno;
import org.cairnfs.proto.AcquireLease;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.ReleaseLease;

/**
 * The one lease on the whole volume: any number of sessions hold it shared, or one exclusively; who
 * must wait is served in the order of asking.
 *
 * <p>Also keeps account of what sessions have open, which they tell when they give the lease up.
 * Never speculated on.
 */
final class LeaseOps {
  private final MetaView view;

  LeaseOps(MetaView view) {
    this.view = view;
  }

  /** Whether only the session that holds the lease exclusively may propose the operation. */
  static boolean needsExclusive(MetaOp op) {
    return switch (op.getKindCase()) {
      case CREATE,
          LINK,
          UNLINK,
          REMOVE_DIRECTORY,
          RENAME,
          SET_ATTRIBUTES,
          PUNCH_HOLE,
          SET_XATTR,
          REMOVE_XATTR,
          UPDATE_FILE,
          DROP_GARBAGE,
          RECLAIM_STEP -> true;
      default -> false;
    };
  }

  static LeaseRecord read(MetaReader reader, long session) {
    byte[] value = reader.get(MetaTable.LEASE, Keys.number(session));
    return value == null ? LeaseRecord.NOTHING : LeaseRecord.decode(value);
  }

  /** The parts of all sessions that hold or want the lease. */
  static Map<Long, LeaseRecord> readAll(MetaReader reader) {
    Map<Long, LeaseRecord> leases = new TreeMap<>();
    reader.scan(MetaTable.LEASE, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      leases.put(Keys.firstNumber(key), LeaseRecord.decode(value));
      return true;
    });
    return leases;
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

  MetaResult acquire(long session, AcquireLease op) {
    LeaseMode wanted = LeaseMode.of(op.getModeValue());
    if (session == 0 || wanted == LeaseMode.NONE) {
      return MetaResult.failed(Errno.EINVAL);
    }
    Map<Long, LeaseRecord> leases = readAll(view);
    LeaseRecord mine = leases.getOrDefault(session, LeaseRecord.NOTHING);
    if (mine.held().covers(wanted)) {
      return MetaResult.DONE;
    }
    long ticket = mine.isWaiting() ? mine.ticket() : 1;
    if (!mine.isWaiting()) {
      for (LeaseRecord other : leases.values()) {
        ticket = Math.max(ticket, other.isWaiting() ? other.ticket() + 1 : 1);
      }
    }
    LeaseMode most = mine.wanted().covers(wanted) ? mine.wanted() : wanted;
    // nobody holds one mode while waiting for the other: two that did would wait for ever
    put(leases, session, new LeaseRecord(LeaseMode.NONE, most, ticket));
    grant(leases);
    return MetaResult.DONE;
  }

  MetaResult release(long session, ReleaseLease op) {
    LeaseMode keep = LeaseMode.of(op.getKeepValue());
    Map<Long, LeaseRecord> leases = readAll(view);
    LeaseRecord mine = leases.getOrDefault(session, LeaseRecord.NOTHING);
    if (session == 0 || !mine.held().covers(keep)) {
      return MetaResult.failed(Errno.EINVAL);
    }
    putOpen(session, op.getOpenedList());
    for (long inode : op.getClosedList()) {
      view.delete(MetaTable.OPEN, Keys.pair(inode, session));
    }
    put(leases, session, new LeaseRecord(keep, mine.wanted(), mine.ticket()));
    grant(leases);
    return MetaResult.DONE;
  }

  /** A session begins that is alone: it need not ask. */
  void grantAtOnce(long session) {
    view.put(
        MetaTable.LEASE,
        Keys.number(session),
        new LeaseRecord(LeaseMode.EXCLUSIVE, LeaseMode.NONE, 0).encode());
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
    Map<Long, LeaseRecord> leases = readAll(view);
    if (leases.containsKey(session)) {
      put(leases, session, LeaseRecord.NOTHING);
      grant(leases);
    }
  }

  /** Serves those who wait from the front, up to the first that does not go with who holds. */
  private void grant(Map<Long, LeaseRecord> leases) {
    List<Map.Entry<Long, LeaseRecord>> waiting = leases.entrySet().stream()
        .filter(lease -> lease.getValue().isWaiting())
        .sorted(Comparator.comparingLong(lease -> lease.getValue().ticket()))
        .map(lease -> Map.entry(lease.getKey(), lease.getValue()))
        .toList();
    for (Map.Entry<Long, LeaseRecord> next : waiting) {
      LeaseMode wanted = next.getValue().wanted();
      LeaseMode allowed = wanted == LeaseMode.SHARED ? LeaseMode.SHARED : LeaseMode.NONE;
      boolean compatible = leases.entrySet().stream()
          .filter(other -> !other.getKey().equals(next.getKey()))
          .allMatch(other -> allowed.covers(other.getValue().held()));
      if (!compatible) {
        return;
      }
      put(leases, next.getKey(), new LeaseRecord(wanted, LeaseMode.NONE, 0));
    }
  }

  private void put(Map<Long, LeaseRecord> leases, long session, LeaseRecord lease) {
    byte[] key = Keys.number(session);
    if (lease.held() == LeaseMode.NONE && !lease.isWaiting()) {
      leases.remove(session);
      view.delete(MetaTable.LEASE, key);
    } else {
      leases.put(session, lease);
      view.put(MetaTable.LEASE, key, lease.encode());
    }
  }
}
