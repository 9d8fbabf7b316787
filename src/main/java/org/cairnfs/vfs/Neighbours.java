package org.cairnfs.vfs;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.LeaseRange;
import org.cairnfs.meta.SessionLocks;
import org.cairnfs.meta.SessionUser;

/** Does in this filesystem what other sessions of the volume make necessary. Thread-safe. */
final class Neighbours implements SessionUser {
  /** For how long the kernel may believe names and attributes, with this much trust. */
  private static final Duration ALONE = Duration.ofSeconds(1);

  private static final Duration CALM = Duration.ofMillis(200);

  private final ActiveFiles files;
  private final Collection<OpenFile> openFiles;
  private final Committer committer;
  private final Namespace namespace;
  private final FileLocks locks;
  private final AccessTimes accessTimes;
  private final Invalidations invalidations;

  /** Whether the kernel may have pages of files that nobody knows to be stale. */
  private volatile boolean pagesDoubtful;

  /** @param openFiles those of the moment, always */
  Neighbours(
      ActiveFiles files,
      Collection<OpenFile> openFiles,
      Committer committer,
      Namespace namespace,
      FileLocks locks,
      AccessTimes accessTimes,
      Invalidations invalidations) {
    this.files = files;
    this.openFiles = openFiles;
    this.committer = committer;
    this.namespace = namespace;
    this.locks = locks;
    this.accessTimes = accessTimes;
    this.invalidations = invalidations;
  }

  /** Whether what the kernel has cached of a file that is opened now is right. */
  boolean pagesAreGood() {
    return !pagesDoubtful;
  }

  @Override
  public void giveWay(List<LeaseRange> ranges) {
    accessTimes.settle();
    committer.giveWay(ranges);
  }

  @Override
  public void lost(Runnable renew) {
    locks.lose();
    openFiles.forEach(open -> open.locks().lose());
    invalidations.add(committer.lose(renew));
  }

  @Override
  public List<SessionLocks.Shared> locksToShare() {
    return locks.share();
  }

  @Override
  public Duration trust(Trust trust) {
    return invalidations.setTimeout(
        switch (trust) {
          case ALONE -> ALONE;
          case CALM -> CALM;
          case DISTURBED -> Duration.ZERO;
        });
  }

  @Override
  public void contentsChanged(Collection<InodeNumber> inodes) {
    invalidations.add(inodes);
  }

  @Override
  public void everythingChanged() {
    pagesDoubtful = true;
    invalidations.add(files.openInodes());
  }

  @Override
  public Collection<InodeNumber> openInodes() {
    return files.openInodes();
  }

  @Override
  public boolean forgetUnused(List<InodeNumber> orphans) {
    boolean all = true;
    for (InodeNumber orphan : orphans) {
      all &= namespace.forgetUnused(orphan);
    }
    return all;
  }
}
