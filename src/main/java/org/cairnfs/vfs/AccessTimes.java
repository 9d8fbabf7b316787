package org.cairnfs.vfs;

import java.time.Duration;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;

/**
 * Access times as relatime has them (mount(8)): one moves when it is older than a change, or than a
 * day. Others need not wait for that: it is left out when this host does not have the lease on the
 * inode anyway. Thread-safe.
 */
final class AccessTimes {
  private static final Duration LIFE = Duration.ofDays(1);

  private final MetaSession session;
  private final ActiveFiles files;
  private final Committer committer;

  AccessTimes(MetaSession session, ActiveFiles files, Committer committer) {
    this.session = session;
    this.files = files;
    this.committer = committer;
  }

  /** The inode was read at the time {@code now}, which does not fail for what becomes of this. */
  void read(InodeNumber inode, Timestamp now) {
    try {
      if (session.leases().mayChange(inode) && isStale(files.attributes(inode), now)) {
        boolean unused = committer.tryRun(needs -> {
          needs.demand(inode);
          Inode ignored = session.touchAccessed(inode, now);
        });
      }
    } catch (PosixException e) {
      // it was removed meanwhile, or nothing can be changed now
    }
  }

  private static boolean isStale(Inode inode, Timestamp now) {
    Timestamp accessed = inode.accessed();
    return accessed.compareTo(inode.modified()) <= 0
        || accessed.compareTo(inode.changed()) <= 0
        || now.seconds() - accessed.seconds() >= LIFE.toSeconds();
  }
}
