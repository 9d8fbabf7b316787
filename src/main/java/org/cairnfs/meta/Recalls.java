package org.cairnfs.meta;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What others wait for, and when and how much of its leases a session gives up for them: what they
 * ask for as soon as it had it for a slice of time, and with it the inodes around that it did not
 * use lately. So a session that rests soon leaves everything to one that works. Not thread-safe.
 */
final class Recalls {
  /** Least time between getting a lease that was waited for and giving it to others. */
  private static final Duration SLICE = Duration.ofMillis(20);

  /** What was used so lately is likely to be used again. */
  private static final Duration LATELY = Duration.ofMillis(250);

  /** Who asks again within that time is answered as if it were a quarter of what it was before. */
  private static final int HASTE_BITS = 2;

  /** A session that holds leases in so many pieces keeps no more than it needs. */
  private static final int RANGES_MAX = 512;

  private final RecentUse use;
  private List<LeaseRequest> waiting = List.of();

  /** When operations got inodes they had waited for. */
  private final Map<Long, Long> servedNanos = new HashMap<>();

  private long answeredNanos;
  private int answered;

  /**
   * What is to be done now.
   *
   * @param ranges to be given up, each but for its mode
   * @param nextNanos in how long there may be more; negative if only once something happens
   */
  record Due(List<LeaseRange> ranges, long nextNanos) {}

  Recalls(RecentUse use) {
    this.use = use;
  }

  /** What other sessions wait for. */
  void waiting(List<LeaseRequest> requests) {
    waiting = requests;
  }

  /** Operations here got these inodes. */
  void served(Collection<Long> inodes, long nowNanos) {
    servedNanos.values().removeIf(served -> nowNanos - served >= SLICE.toNanos());
    inodes.forEach(inode -> servedNanos.put(inode, nowNanos));
  }

  /** Whether others wait for something that this session then may no longer read. */
  boolean takeReading(LeaseRanges held) {
    return waiting.stream()
        .flatMap(request -> request.wanted().entrySet().stream())
        .anyMatch(want ->
            want.getValue().leaves() == LeaseMode.NONE && held.at(want.getKey()) != LeaseMode.NONE);
  }

  /**
   * What is to be given up now; the caller does so.
   *
   * @param quiet whether nothing relies on what it was told while the leases were held
   * @param reserved inodes that are to come
   */
  Due due(LeaseRanges held, long nowNanos, boolean quiet, List<LeaseRange> reserved) {
    List<LeaseRange> ranges = new ArrayList<>();
    long next = -1;
    for (LeaseRequest request : waiting) {
      for (Map.Entry<Long, LeaseMode> want : request.wanted().entrySet()) {
        long inode = want.getKey();
        LeaseMode keep = want.getValue().leaves();
        if (keep.covers(held.at(inode)) || isIn(ranges, inode, keep)) {
          continue;
        }
        Long served = servedNanos.get(inode);
        long sliceLeft = served == null ? 0 : served + SLICE.toNanos() - nowNanos;
        if (sliceLeft > 0) {
          next = next < 0 ? sliceLeft : Math.min(next, sliceLeft);
        } else if (quiet || keep != LeaseMode.NONE) {
          ranges.add(around(inode, keep, held, nowNanos, reserved));
        }
      }
    }
    if (!ranges.isEmpty()) {
      answered = wasAnsweredLately(nowNanos) ? answered + 1 : 0;
      answeredNanos = nowNanos;
    }
    return new Due(ranges, next);
  }

  private boolean wasAnsweredLately(long nowNanos) {
    return nowNanos - answeredNanos < LATELY.toNanos();
  }

  private static boolean isIn(List<LeaseRange> ranges, long inode, LeaseMode keep) {
    return ranges.stream().anyMatch(range -> range.contains(inode) && keep.covers(range.mode()));
  }

  private LeaseRange around(
      long inode, LeaseMode keep, LeaseRanges held, long nowNanos, List<LeaseRange> reserved) {
    long start = LeaseRanges.TREE;
    long end = LeaseRanges.END;
    for (LeaseRange range : reserved) {
      if (range.start() > inode) {
        end = Math.min(end, range.start());
      } else if (range.end() <= inode) {
        start = Math.max(start, range.end());
      }
    }
    for (Map.Entry<Long, Long> served : servedNanos.entrySet()) {
      if (nowNanos - served.getValue() < SLICE.toNanos()) {
        if (served.getKey() > inode) {
          end = Math.min(end, served.getKey());
        } else if (served.getKey() < inode) {
          start = Math.max(start, served.getKey() + 1);
        }
      }
    }
    LeaseRange free = new LeaseRange(start, end, keep);
    if (held.list().size() > RANGES_MAX) {
      return free;
    }
    int haste = wasAnsweredLately(nowNanos) ? answered : 0;
    long lately = LATELY.toNanos() >> Math.min(HASTE_BITS * haste, Integer.SIZE);
    return use.unusedAround(free, inode, keep == LeaseMode.SHARED, nowNanos - lately);
  }
}
