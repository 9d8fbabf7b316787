package org.cairnfs.fuse;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Lets two of a session's workers wait for requests, and the others rest until those two do not
 * suffice.
 *
 * <p>The kernel gives a request to the worker that waits longest. Were all of them to wait, they
 * would take turns, and each request of a program that makes one at a time would be served by a
 * thread whose stack and memory have left the processor's caches. Waking a thread costs as much as
 * many a request, so another one is called only when requests keep finding nobody, or when nobody
 * has come back for a while: a request may need another one to be served first.
 *
 * <p>Thread-safe.
 */
final class Standby {
  private static final int WAITING_MAX = 2;

  /** When more requests than that in a row left nobody waiting, several programs are at work. */
  private static final int UNATTENDED_MAX = 2;

  /** Nobody came back for so long: all are blocked. */
  private static final Duration STALL = Duration.ofMillis(1);

  /** Who rests, the last to come first: of what that one needs most is still in the caches. */
  private final Deque<Thread> resting = new ArrayDeque<>();

  /** Who rests but looks for stalls, while nobody waits. Guarded by this, as is all else. */
  private @Nullable Thread lookout;

  private int waiting;
  private int unattended;
  private long arrivals;
  private boolean closed;

  /** Rests, then returns when the caller is to wait for a request. */
  void enter() {
    Thread caller = Thread.currentThread();
    synchronized (this) {
      arrivals++;
      if (closed || waiting < WAITING_MAX) {
        waiting++;
        return;
      }
      resting.push(caller);
    }
    rest(caller);
  }

  /** The caller waits no more, as it has a request to serve or is about to end. */
  void leave() {
    Thread woken = null;
    synchronized (this) {
      waiting--;
      if (waiting > 0) {
        unattended = 0;
      } else if (++unattended > UNATTENDED_MAX) {
        unattended = 0;
        woken = call();
      } else if (lookout == null) {
        lookout = resting.peekLast();
        woken = lookout;
      }
    }
    LockSupport.unpark(woken);
  }

  /** Calls all who rest, and lets nobody rest from now on: the session is over. */
  synchronized void close() {
    closed = true;
    Thread called = call();
    while (called != null) {
      LockSupport.unpark(called);
      called = call();
    }
  }

  private void rest(Thread caller) {
    long seen = -1;
    while (true) {
      boolean looksOut;
      synchronized (this) {
        if (caller == lookout && waiting == 0 && seen == arrivals) {
          LockSupport.unpark(call());
        }
        if (!resting.contains(caller)) {
          return;
        }
        looksOut = caller == lookout && waiting == 0;
        if (caller == lookout && !looksOut) {
          lookout = null;
        }
        seen = looksOut ? arrivals : -1;
      }
      if (looksOut) {
        LockSupport.parkNanos(this, STALL.toNanos());
      } else {
        LockSupport.park(this);
      }
    }
  }

  /** Who is to wait next, if anybody rests. */
  private @Nullable Thread call() {
    Thread called = resting.poll();
    if (called != null) {
      waiting++;
    }
    if (called == lookout) {
      lookout = null;
    }
    return called;
  }
}
