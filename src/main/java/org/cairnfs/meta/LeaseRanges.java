package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What one session holds of the leases on inodes: disjoint ranges of inode numbers, in order,
 * neighbours differ in their mode. Immutable.
 */
final class LeaseRanges {
  /** Before the first inode: the lease on the shape of the tree, that is, who is whose parent. */
  static final long TREE = 0;

  /** After every inode. */
  static final long END = Long.MAX_VALUE;

  static final LeaseRanges NOTHING = new LeaseRanges(List.of());
  static final LeaseRanges EVERYTHING =
      new LeaseRanges(List.of(new LeaseRange(TREE, END, LeaseMode.EXCLUSIVE)));

  private static final int VERSION = 2;

  /** When there was one lease, on the whole volume: mode held, mode wanted, ticket. */
  private static final int VERSION_WHOLE = 1;

  private static final int WHOLE_BYTES = 3 + Long.BYTES;
  private static final int HEAD_BYTES = 1 + Integer.BYTES;
  private static final int RANGE_BYTES = 2 * Long.BYTES + 1;

  private final List<LeaseRange> ranges;
  private final long[] starts;

  private LeaseRanges(List<LeaseRange> ranges) {
    this.ranges = ranges;
    this.starts = ranges.stream().mapToLong(LeaseRange::start).toArray();
  }

  static LeaseRanges decode(byte[] value) {
    if (value.length > 0 && value[0] == VERSION_WHOLE) {
      return decodeWhole(value);
    }
    ByteBuffer in = Records.open("lease", value, VERSION, HEAD_BYTES);
    int count = in.getInt();
    if (count < 0 || in.remaining() != (long) count * RANGE_BYTES) {
      throw new CorruptMetadataException("lease record of another length than it says");
    }
    List<LeaseRange> ranges = new ArrayList<>(count);
    long last = TREE;
    for (int i = 0; i < count; i++) {
      LeaseRange range = new LeaseRange(in.getLong(), in.getLong(), LeaseMode.of(in.get()));
      if (range.start() < last || range.end() <= range.start() || range.mode() == LeaseMode.NONE) {
        throw new CorruptMetadataException("lease record with a range that cannot be: " + range);
      }
      last = range.end();
      ranges.add(range);
    }
    return new LeaseRanges(ranges);
  }

  /** Whoever waited asks again. */
  private static LeaseRanges decodeWhole(byte[] value) {
    ByteBuffer in = Records.open("lease", value, VERSION_WHOLE, WHOLE_BYTES);
    LeaseMode held = LeaseMode.of(in.get());
    Records.requireEnd("lease", in.position(WHOLE_BYTES));
    return NOTHING.atLeast(TREE, END, held);
  }

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES + ranges.size() * RANGE_BYTES);
    out.put((byte) VERSION).putInt(ranges.size());
    for (LeaseRange range : ranges) {
      out.putLong(range.start()).putLong(range.end()).put((byte) range.mode().number());
    }
    return out.array();
  }

  List<LeaseRange> list() {
    return ranges;
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  boolean isEverything() {
    return equals(EVERYTHING);
  }

  /** How much of the lease on an inode is held. */
  LeaseMode at(long inode) {
    int found = Arrays.binarySearch(starts, inode);
    int index = found >= 0 ? found : -found - 2;
    if (index < 0 || !ranges.get(index).contains(inode)) {
      return LeaseMode.NONE;
    }
    return ranges.get(index).mode();
  }

  /** Whether {@code mode} or more is held of some inode of the ranges. */
  boolean holdsSome(List<LeaseRange> wanted, LeaseMode mode) {
    return ranges.stream()
        .anyMatch(range -> range.mode().covers(mode)
            && wanted.stream()
                .anyMatch(some -> range.start() < some.end() && some.start() < range.end()));
  }

  /** The same with at least the mode in the range. */
  LeaseRanges atLeast(long start, long end, LeaseMode mode) {
    return change(start, end, held -> held.covers(mode) ? held : mode);
  }

  /** The same with at most the mode in the range. */
  LeaseRanges atMost(long start, long end, LeaseMode mode) {
    return change(start, end, held -> mode.covers(held) ? held : mode);
  }

  LeaseRanges atMost(List<LeaseRange> limits) {
    LeaseRanges result = this;
    for (LeaseRange limit : limits) {
      result = result.atMost(limit.start(), limit.end(), limit.mode());
    }
    return result;
  }

  private LeaseRanges change(long start, long end, UnaryOperator<LeaseMode> change) {
    List<LeaseRange> out = new ArrayList<>(ranges.size() + 2);
    long done = start;
    for (LeaseRange range : ranges) {
      if (range.end() > start && range.start() < end) {
        long from = Math.max(range.start(), start);
        long to = Math.min(range.end(), end);
        add(out, range.start(), from, range.mode());
        add(out, done, from, change.apply(LeaseMode.NONE));
        add(out, from, to, change.apply(range.mode()));
        done = to;
        if (range.end() > end) {
          add(out, end, range.end(), range.mode());
        }
      } else {
        if (range.start() >= end) {
          add(out, done, end, change.apply(LeaseMode.NONE));
          done = end;
        }
        add(out, range.start(), range.end(), range.mode());
      }
    }
    add(out, done, end, change.apply(LeaseMode.NONE));
    return new LeaseRanges(out);
  }

  private static void add(List<LeaseRange> out, long start, long end, LeaseMode mode) {
    if (start >= end || mode == LeaseMode.NONE) {
      return;
    }
    LeaseRange last = out.isEmpty() ? null : out.get(out.size() - 1);
    if (last != null && last.end() == start && last.mode() == mode) {
      out.set(out.size() - 1, new LeaseRange(last.start(), end, mode));
    } else {
      out.add(new LeaseRange(start, end, mode));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LeaseRanges that && ranges.equals(that.ranges);
  }

  @Override
  public int hashCode() {
    return ranges.hashCode();
  }

  @Override
  public String toString() {
    return ranges.toString();
  }
}
