package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The advisory locks of one file, of all sessions: those held, and the requests that wait, in the
 * order they came.
 *
 * <p>Mutable, so that an operation changes a copy it decoded and encodes it once. Not thread-safe.
 */
final class LockRecord {
  /** Most locks and requests of one file. */
  static final int MAX_ENTRIES = 1 << 14;

  private static final int VERSION = 1;
  private static final int ENTRY_BYTES = 1 + 5 * Long.BYTES + Integer.BYTES;
  private static final int WHOLE = 1;
  private static final int EXCLUSIVE = 2;

  /**
   * Whose a lock is.
   *
   * @param owner the session's name for it
   * @param whole of flock(2), not of fcntl(2): the two do not conflict
   */
  record Owner(long session, long owner, boolean whole) {}

  /**
   * A lock, held or asked for.
   *
   * @param end inclusive
   * @param ticket the request that asked for it
   */
  record Lock(Owner owner, boolean exclusive, long start, long end, int pid, long ticket) {
    boolean conflictsWith(Lock other) {
      return !owner.equals(other.owner)
          && owner.whole == other.owner.whole
          && (exclusive || other.exclusive)
          && start <= other.end
          && other.start <= end;
    }

    private Lock between(long newStart, long newEnd) {
      return new Lock(owner, exclusive, newStart, newEnd, pid, ticket);
    }
  }

  private final List<Lock> held = new ArrayList<>();
  private final List<Lock> waiting = new ArrayList<>();

  static LockRecord read(MetaReader reader, long inode) {
    byte[] value = reader.get(MetaTable.LOCK, Keys.number(inode));
    return value == null ? new LockRecord() : decode(value);
  }

  static LockRecord decode(byte[] value) {
    ByteBuffer in = Records.open("lock", value, VERSION, 1 + 2 * Integer.BYTES);
    LockRecord locks = new LockRecord();
    int heldCount = in.getInt();
    int waitingCount = in.getInt();
    if (heldCount < 0
        || waitingCount < 0
        || in.remaining() != ((long) heldCount + waitingCount) * ENTRY_BYTES) {
      throw new CorruptMetadataException("lock record of another length than it says");
    }
    for (int i = 0; i < heldCount; i++) {
      locks.held.add(decodeLock(in));
    }
    for (int i = 0; i < waitingCount; i++) {
      locks.waiting.add(decodeLock(in));
    }
    return locks;
  }

  private static Lock decodeLock(ByteBuffer in) {
    int flags = in.get();
    Owner owner = new Owner(in.getLong(), in.getLong(), (flags & WHOLE) != 0);
    return new Lock(
        owner, (flags & EXCLUSIVE) != 0, in.getLong(), in.getLong(), in.getInt(), in.getLong());
  }

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(1 + 2 * Integer.BYTES + size() * ENTRY_BYTES);
    out.put((byte) VERSION).putInt(held.size()).putInt(waiting.size());
    held.forEach(lock -> encode(lock, out));
    waiting.forEach(lock -> encode(lock, out));
    return out.array();
  }

  private static void encode(Lock lock, ByteBuffer out) {
    int flags = (lock.owner.whole ? WHOLE : 0) | (lock.exclusive ? EXCLUSIVE : 0);
    out.put((byte) flags).putLong(lock.owner.session).putLong(lock.owner.owner);
    out.putLong(lock.start).putLong(lock.end).putInt(lock.pid).putLong(lock.ticket);
  }

  int size() {
    return held.size() + waiting.size();
  }

  List<Lock> held() {
    return held;
  }

  List<Lock> waiting() {
    return waiting;
  }

  /** Held locks that stand in the way. */
  List<Lock> blockersOf(Lock wanted) {
    return held.stream().filter(lock -> lock.conflictsWith(wanted)).toList();
  }

  boolean isWaiting(long session, long ticket) {
    return waiting.stream()
        .anyMatch(lock -> lock.owner.session == session && lock.ticket == ticket);
  }

  /** Takes the owner's locks off a range, splitting them. */
  void unlock(Owner owner, long start, long end) {
    List<Lock> rest = new ArrayList<>();
    for (Iterator<Lock> all = held.iterator(); all.hasNext(); ) {
      Lock lock = all.next();
      if (!lock.owner.equals(owner) || lock.end < start || lock.start > end) {
        continue;
      }
      all.remove();
      if (lock.start < start) {
        rest.add(lock.between(lock.start, start - 1));
      }
      if (lock.end > end) {
        rest.add(lock.between(end + 1, lock.end));
      }
    }
    held.addAll(rest);
  }

  /** Gives the owner a lock that nothing stands in the way of; merges it with those of its kind. */
  void hold(Lock wanted) {
    long start = wanted.start;
    long end = wanted.end;
    for (Iterator<Lock> all = held.iterator(); all.hasNext(); ) {
      Lock lock = all.next();
      boolean same = lock.owner.equals(wanted.owner) && lock.exclusive == wanted.exclusive;
      boolean touches = (end == Long.MAX_VALUE || lock.start <= end + 1)
          && (lock.end == Long.MAX_VALUE || start <= lock.end + 1);
      if (same && touches) {
        all.remove();
        start = Math.min(start, lock.start);
        end = Math.max(end, lock.end);
      }
    }
    Lock merged = wanted.between(start, end);
    unlock(wanted.owner, start, end);
    held.add(merged);
  }

  /** Serves those who wait, in order, as far as nothing stands in their way any more. */
  void grantWaiting() {
    for (Iterator<Lock> all = waiting.iterator(); all.hasNext(); ) {
      Lock next = all.next();
      if (blockersOf(next).isEmpty()) {
        all.remove();
        hold(next);
      }
    }
  }
}
