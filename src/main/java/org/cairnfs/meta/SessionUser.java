package org.cairnfs.meta;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.cairnfs.core.InodeNumber;

/**
 * What a session needs of whoever works with it: to stop when others have their turn, and to follow
 * what they did.
 *
 * <p>Unless said otherwise called on the session's own thread, one call at a time, and may block on
 * the disk and the log, never on a program nor on a lease.
 */
public interface SessionUser {
  /**
   * Others wait for inodes of these ranges, some of which may be changed here: lets nobody change
   * anything, calls {@link MetaSession#release}, lets them go on, and commits the cut it got, if
   * any, with everything that was changed up to then.
   *
   * @param ranges with what is kept of each
   */
  void giveWay(List<LeaseRange> ranges);

  /**
   * The locks that were not shared yet: from now on they are the session's, and so is every later
   * one.
   */
  List<SessionLocks.Shared> locksToShare();

  /**
   * The session was ended by others, and what was not committed is gone: lets nobody change
   * anything, forgets what is pending, runs {@code renew}, lets them go on, and tells the programs.
   */
  void lost(Runnable renew);

  /**
   * How likely it is from now on that others want what is held here.
   *
   * @return for how long something may still rely on what it was told before; until then nobody
   *     else may change what could be read here
   */
  Duration trust(Trust trust);

  /** How long to rely on what is held. */
  enum Trust {
    /** Nobody is there to ask for it. */
    ALONE,
    /** Nobody asked lately. */
    CALM,
    /** Somebody asked. */
    DISTURBED
  }

  /**
   * Others changed what these inodes hold. Called on the thread that applies entries, before a
   * lease on them may be granted: must not block.
   */
  void contentsChanged(Collection<InodeNumber> inodes);

  /** Any number of changes by others were not heard. As {@link #contentsChanged}. */
  void everythingChanged();

  /** The inodes that programs have open now. Any thread. */
  Collection<InodeNumber> openInodes();

  /**
   * Inodes without links that are kept for this session: those that nobody has open are to be
   * {@linkplain MetaSession#forget forgotten}.
   *
   * @return whether all of them were looked at
   */
  boolean forgetUnused(List<InodeNumber> orphans);
}
