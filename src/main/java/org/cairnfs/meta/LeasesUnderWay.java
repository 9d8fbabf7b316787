package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.proto.MetaOp;

/**
 * What a session gave up and asked for, on its way through the log; and what it told of what it has
 * open. Not thread-safe.
 */
final class LeasesUnderWay {
  /** Ranges that were given up, in an entry that has no number yet or is under way. */
  private static final class Release {
    private final List<LeaseRange> ranges;
    private long number = Long.MAX_VALUE;

    Release(List<LeaseRange> ranges) {
      this.ranges = ranges;
    }
  }

  private record Asked(Map<Long, LeaseMode> wanted, long number) {}

  private final List<Release> releasing = new ArrayList<>();
  private final List<Asked> asking = new ArrayList<>();

  /** What the session waits for, as the tables have it. */
  private List<LeaseRequest> noticed = List.of();

  /** What the tables know it to have open. */
  private final Set<Long> published = new HashSet<>();

  /** A new life of the session begins, with these inodes open. */
  void begin(Set<Long> open) {
    releasing.clear();
    asking.clear();
    noticed = List.of();
    published.clear();
    published.addAll(open);
  }

  /**
   * The tables have the session's entries up to {@code number}; {@code waiting} is what is left.
   */
  void applied(long number, List<LeaseRequest> waiting) {
    releasing.removeIf(release -> release.number <= number);
    asking.removeIf(asked -> asked.number() <= number);
    noticed = waiting;
  }

  /** What is left of what the tables say, without what is being given up. */
  LeaseRanges left(LeaseRanges held) {
    LeaseRanges left = held;
    for (Release release : releasing) {
      left = left.atMost(release.ranges);
    }
    return left;
  }

  /** The ranges are given up in the next release. */
  void releasing(List<LeaseRange> ranges) {
    releasing.add(new Release(ranges));
  }

  /** The entry of the releases that had none has this number. */
  void releasingBy(long number) {
    for (Release release : releasing) {
      release.number = Math.min(release.number, number);
    }
  }

  /**
   * The operation that gives up ranges, and tells which of their inodes are open: only of those,
   * because the log may not know the rest yet.
   */
  MetaOp releaseOp(List<LeaseRange> ranges, Collection<InodeNumber> open) {
    Set<Long> opened = new HashSet<>();
    Set<Long> closed = new HashSet<>(published);
    for (InodeNumber inode : open) {
      closed.remove(inode.value());
      if (ranges.stream().anyMatch(range -> range.contains(inode))) {
        opened.add(inode.value());
      }
    }
    opened.removeAll(published);
    published.removeAll(closed);
    published.addAll(opened);
    return Ops.releaseLeases(
        ranges, opened.stream().sorted().toList(), closed.stream().sorted().toList());
  }

  /** The entry that asks has this number. */
  void asking(long number, List<Map<Long, LeaseMode>> requests) {
    requests.forEach(wanted -> asking.add(new Asked(wanted, number)));
  }

  /** Whether the tables have this among what the session waits for. */
  boolean isNoticed(Map<Long, LeaseMode> wanted) {
    return noticed.stream().anyMatch(request -> covers(request.wanted(), wanted));
  }

  /** What is still to be asked for, each at once, of what operations wait for. */
  List<Map<Long, LeaseMode>> notAsked(List<Needs> waiting) {
    List<Map<Long, LeaseMode>> requests = new ArrayList<>();
    for (Needs needs : waiting) {
      Map<Long, LeaseMode> wanted = needs.wanted();
      boolean asked = isNoticed(wanted)
          || asking.stream().anyMatch(one -> covers(one.wanted(), wanted))
          || requests.stream().anyMatch(one -> covers(one, wanted));
      if (!asked) {
        requests.add(wanted);
      }
    }
    return requests;
  }

  private static boolean covers(Map<Long, LeaseMode> some, Map<Long, LeaseMode> wanted) {
    return wanted.entrySet().stream()
        .allMatch(want -> some.getOrDefault(want.getKey(), LeaseMode.NONE).covers(want.getValue()));
  }
}
