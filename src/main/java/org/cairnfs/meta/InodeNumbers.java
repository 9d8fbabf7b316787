package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;

/**
 * Inode numbers reserved for a session, the next range asked for when half of one is used up. Not
 * thread-safe.
 *
 * <p>The same numbers name extent maps.
 */
final class InodeNumbers {
  /** Far more than can be created while a batch is on its way. */
  static final int RANGE = 1 << 20;

  private long next;
  private long end;
  private long reserveFirst;
  private long reserveEnd;
  private boolean asked;

  InodeNumbers(long first, int count) {
    next = first;
    end = first + count;
  }

  long next() {
    if (next == end) {
      if (reserveFirst == reserveEnd) {
        throw new PosixException(
            Errno.EIO, "all reserved inode numbers are used up before more were committed");
      }
      next = reserveFirst;
      end = reserveEnd;
      reserveFirst = reserveEnd;
    }
    return next++;
  }

  /** The numbers that are to come. */
  List<LeaseRange> reserved() {
    List<LeaseRange> ranges = new ArrayList<>(2);
    if (next < end) {
      ranges.add(new LeaseRange(next, end, LeaseMode.EXCLUSIVE));
    }
    if (reserveFirst < reserveEnd) {
      ranges.add(new LeaseRange(reserveFirst, reserveEnd, LeaseMode.EXCLUSIVE));
    }
    return ranges;
  }

  /** Whether to ask for another range now; true once until {@link #offer} or {@link #refused}. */
  boolean shouldAsk() {
    if (asked || reserveFirst != reserveEnd || end - next > RANGE / 2) {
      return false;
    }
    asked = true;
    return true;
  }

  void offer(long first, int count) {
    reserveFirst = first;
    reserveEnd = first + count;
    asked = false;
  }

  /** What was asked for will not come: ask again. */
  void refused() {
    asked = false;
  }
}
