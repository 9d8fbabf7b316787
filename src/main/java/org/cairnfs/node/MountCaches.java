package org.cairnfs.node;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.FuseMount;
import org.cairnfs.fuse.FuseSettings;
import org.cairnfs.vfs.KernelCaches;

/**
 * The node's mounts, and what the kernel may keep for them: names and attributes while there is one
 * mount, and for no longer than other hosts can be kept waiting; else a change made elsewhere would
 * stay unseen. Thread-safe. Waits for no mount.
 */
final class MountCaches implements KernelCaches {
  private final boolean idlePolling;
  private final List<FuseMount> active = new CopyOnWriteArrayList<>();

  /** Guarded by this, as is what follows. */
  private Duration most = Duration.ZERO;

  /** Mounts that are being made, and answer the kernel already. */
  private int coming;

  /** @param idlePolling see {@link FuseSettings} */
  MountCaches(boolean idlePolling) {
    this.idlePolling = idlePolling;
  }

  /** A mount is about to be made; {@link #add} or {@link #notAdded} follows. */
  synchronized FuseSettings prepare() {
    coming++;
    apply();
    return FuseSettings.DEFAULT.withCacheTimeout(timeout()).withIdlePolling(idlePolling);
  }

  synchronized void add(FuseMount mount) {
    coming--;
    active.add(mount);
    apply();
  }

  synchronized void notAdded() {
    coming--;
    apply();
  }

  /** Returns whether it was there. */
  synchronized boolean remove(FuseMount mount) {
    boolean removed = active.remove(mount);
    apply();
    return removed;
  }

  /** The mounts there are; safe to go through while they change. */
  List<FuseMount> mounts() {
    return active;
  }

  @Override
  public synchronized Duration setTimeout(Duration mostNow) {
    Duration before = active.isEmpty() && coming == 0 ? Duration.ZERO : timeout();
    most = mostNow;
    apply();
    return before;
  }

  @Override
  public void invalidate(InodeNumber inode) {
    active.forEach(mount -> mount.invalidate(inode));
  }

  private void apply() {
    active.forEach(mount -> mount.setCacheTimeouts(timeout()));
  }

  /** Call with the lock held. */
  private Duration timeout() {
    return active.size() + coming > 1 ? Duration.ZERO : most;
  }
}
