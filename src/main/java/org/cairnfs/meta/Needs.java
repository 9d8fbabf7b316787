package org.cairnfs.meta;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.core.InodeNumber;

/**
 * The leases that one operation needs, as it finds out while it runs: it names each inode it reads
 * or changes, and what it did counts only if all of them were held. Else it is done again, after
 * they were asked for together.
 *
 * <p>Not thread-safe. While the session is alone with the volume, naming an inode costs next to
 * nothing.
 */
public final class Needs {
  private static final int USUAL_COUNT = 4;

  private final Leases leases;
  private long[] inodes = new long[USUAL_COUNT];
  private LeaseMode[] modes = new LeaseMode[USUAL_COUNT];
  private int count;
  private boolean missing;
  private boolean without;
  private HeldLeases seen;

  Needs(Leases leases) {
    this.leases = leases;
    this.seen = leases.held();
  }

  /** Thrown by an operation that cannot be done yet, and has done nothing. */
  public static final class MissingException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private MissingException() {
      super("a lease is missing", null, false, false);
    }
  }

  /** The operation begins, perhaps once more. */
  public void begin() {
    count = 0;
    missing = false;
    seen = leases.held();
  }

  /** The operation reads what an inode is or has. */
  public void read(InodeNumber inode) {
    add(inode.value(), LeaseMode.SHARED);
  }

  /**
   * The operation reads what an inode is or has if this is no reason to ask for a lease.
   *
   * @return false if the lease is not held; the operation then does without
   */
  public boolean readIfHeld(InodeNumber inode) {
    if (!seen.isEverything() && !without && seen.ranges().at(inode.value()) == LeaseMode.NONE) {
      return false;
    }
    read(inode);
    return true;
  }

  /** The operation will change an inode, or a directory's entries. */
  public void change(InodeNumber inode) {
    add(inode.value(), LeaseMode.EXCLUSIVE);
  }

  /** The operation will move a directory to another one. */
  public void changeTree() {
    add(LeaseRanges.TREE, LeaseMode.EXCLUSIVE);
  }

  private void add(long inode, LeaseMode mode) {
    if (seen.isEverything() || without) {
      return;
    }
    leases.used(inode, mode);
    missing |= !seen.ranges().at(inode).covers(mode);
    for (int i = 0; i < count; i++) {
      if (inodes[i] == inode) {
        modes[i] = modes[i].covers(mode) ? modes[i] : mode;
        return;
      }
    }
    if (count == inodes.length) {
      inodes = Arrays.copyOf(inodes, 2 * count);
      modes = Arrays.copyOf(modes, 2 * count);
    }
    inodes[count] = inode;
    modes[count++] = mode;
  }

  /** Whether a lease was missing that the operation named so far. */
  public boolean isMissing() {
    return missing;
  }

  /**
   * To be called before anything is changed.
   *
   * @throws MissingException if a lease is missing
   */
  public void demand() {
    if (missing) {
      throw new MissingException();
    }
  }

  /** The operation will change an inode now: as {@link #change} and {@link #demand()}. */
  public void demand(InodeNumber inode) {
    change(inode);
    demand();
  }

  /** Whether everything named was held from the beginning up to now. */
  public boolean wereHeld() {
    if (without) {
      return true;
    }
    for (HeldLeases next = seen.next(); next != null; next = next.next()) {
      if (seen.isEverything() && count == 0) {
        return false; // nothing was noted
      }
      for (int i = 0; i < count; i++) {
        if (next.ranges().at(inodes[i]) == LeaseMode.NONE) {
          return false;
        }
      }
    }
    return !missing;
  }

  /** From now on the operation is content with what is here. */
  void goWithout() {
    without = true;
  }

  /** Whether there was no quorum to ask. */
  public boolean areGivenUp() {
    return without;
  }

  /** The inodes named. */
  public InodeNumber[] inodes() {
    InodeNumber[] all = new InodeNumber[count];
    for (int i = 0; i < count; i++) {
      all[i] = new InodeNumber(inodes[i]);
    }
    return all;
  }

  /** Whether all that was named is held in {@code ranges}. */
  boolean areIn(LeaseRanges ranges) {
    for (int i = 0; i < count; i++) {
      if (!ranges.at(inodes[i]).covers(modes[i])) {
        return false;
      }
    }
    return true;
  }

  Map<Long, LeaseMode> wanted() {
    Map<Long, LeaseMode> wanted = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      wanted.put(inodes[i], modes[i]);
    }
    return wanted;
  }
}
