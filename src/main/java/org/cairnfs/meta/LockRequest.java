package org.cairnfs.meta;

import org.cairnfs.proto.SetLock;

/**
 * What a session asks of the locks of one file.
 *
 * @param owner whose the lock is within the session
 * @param whole of flock(2), not of fcntl(2)
 * @param start first byte
 * @param end last byte, inclusive
 * @param pid who asks, for F_GETLK
 * @param waits whether to wait for its turn when it conflicts
 * @param ticket names the request within the session
 */
public record LockRequest(
    long owner,
    boolean whole,
    Kind kind,
    long start,
    long end,
    int pid,
    boolean waits,
    long ticket) {
  LockRequest named(long newTicket) {
    return new LockRequest(owner, whole, kind, start, end, pid, waits, newTicket);
  }

  LockRequest unlocking() {
    return new LockRequest(owner, whole, Kind.UNLOCK, start, end, pid, false, 0);
  }

  /** What F_RDLCK, F_WRLCK and F_UNLCK say. */
  public enum Kind {
    SHARED(SetLock.Kind.SHARED),
    EXCLUSIVE(SetLock.Kind.EXCLUSIVE),
    UNLOCK(SetLock.Kind.UNLOCK);

    private final SetLock.Kind encoded;

    Kind(SetLock.Kind encoded) {
      this.encoded = encoded;
    }

    SetLock.Kind encoded() {
      return encoded;
    }
  }
}
