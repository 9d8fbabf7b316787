package org.cairnfs.node;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.FuseLibrary;
import org.cairnfs.fuse.FuseMount;
import org.cairnfs.fuse.FuseSettings;
import org.cairnfs.fuse.MountException;
import org.cairnfs.fuse.StaleMounts;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's mounts of its volume, from mount to unmount, whoever unmounts. Thread-safe.
 *
 * <p>Nothing here may use a mount of this node: a process that waits for an answer from itself can,
 * when killed, never end.
 */
public final class Mounts {
  private static final Logger LOG = LoggerFactory.getLogger(Mounts.class);

  private final Vfs vfs;
  private final ParallelSteps.Step<FuseLibrary> library;
  private final MountCaches active;
  private final Runnable whenMounting;

  /** Held while mounting and unmounting, so that these come one after the other. */
  private final ReentrantLock changing = new ReentrantLock();

  /**
   * None yet.
   *
   * @param active told of each
   * @param library loaded when the first mount needs it
   * @param whenMounting called before each mount is made; does not block
   */
  Mounts(
      Vfs vfs, MountCaches active, ParallelSteps.Step<FuseLibrary> library, Runnable whenMounting) {
    this.vfs = vfs;
    this.active = active;
    this.library = library;
    this.whenMounting = whenMounting;
  }

  /**
   * Mounts, and returns when the directory is usable. What a node that died left there is detached
   * first.
   */
  void mount(MountRequest request) throws OperatorException {
    changing.lock();
    try {
      if (at(request.directory()) != null) {
        throw new OperatorException(
            "the volume is already mounted at " + request.directory(),
            "Use it there, or unmount it with `cairn umount " + request.directory() + "`.");
      }
      if (detachStale(request.directory())) {
        LOG.info("detached what a node that died had left at {}", request.directory());
      }
      FuseMount mount = make(request);
      // Runs at once, on this thread, if it has ended already.
      var unused = mount.ended().thenRun(() -> forget(mount));
      LOG.info("mounted at {}", mount.directory());
    } finally {
      changing.unlock();
    }
  }

  private FuseMount make(MountRequest request) throws OperatorException {
    FuseLibrary loaded = library.get();
    whenMounting.run();
    FuseSettings settings = active.prepare();
    @Nullable FuseMount mount = null;
    try {
      mount = loaded.mount(vfs, request.directory(), request.options(), settings);
      return mount;
    } catch (MountException e) {
      throw explain(e);
    } finally {
      if (mount == null) {
        active.notAdded();
      } else {
        active.add(mount);
      }
    }
  }

  /**
   * Unmounts; everything is on disk when this returns.
   *
   * @param force although programs use it: they get errors
   * @return whether it was no mount of this node but one that a dead node had left
   */
  boolean unmount(Path directory, boolean force) throws OperatorException {
    changing.lock();
    try {
      @Nullable FuseMount mount = at(directory);
      if (mount != null) {
        end(mount, force);
        return false;
      }
      if (!detachStale(directory)) {
        throw new OperatorException(
            "this node has not mounted anything at " + directory,
            "`cairn status` lists its mounts.");
      }
      return true;
    } finally {
      changing.unlock();
    }
  }

  private void end(FuseMount mount, boolean force) throws OperatorException {
    try {
      if (force) {
        mount.abort();
      } else {
        mount.unmount();
      }
      forget(mount);
    } catch (MountException e) {
      throw explain(e);
    }
  }

  /**
   * Ends all mounts, in the end also those that programs still use.
   *
   * @return the mounts that were in use, or did not end
   */
  List<Path> endAll() {
    changing.lock();
    try {
      List<Path> inUse = new ArrayList<>();
      for (FuseMount mount : active.mounts()) {
        try {
          end(mount, false);
        } catch (OperatorException e) {
          LOG.warn("{}; unmounting all the same", e.getMessage());
          inUse.add(mount.directory());
          abort(mount);
        }
      }
      return inUse;
    } finally {
      changing.unlock();
    }
  }

  private void abort(FuseMount mount) {
    try {
      end(mount, true);
    } catch (OperatorException e) {
      LOG.error("cannot unmount {}", mount.directory(), e);
    }
  }

  /** Where the volume is mounted. */
  List<Path> directories() {
    return active.mounts().stream().map(FuseMount::directory).toList();
  }

  /** Makes all mounts see at once that a name stands for something else, or for nothing. */
  void invalidate(InodeNumber parent, Bytes name) {
    for (FuseMount mount : active.mounts()) {
      mount.invalidateEntry(parent, name);
      mount.invalidate(parent);
    }
  }

  /** Detaches a mount whose node died; returns whether there was one. */
  public static boolean detachStale(Path directory) throws OperatorException {
    try {
      if (!StaleMounts.isStale(directory)) {
        return false;
      }
      StaleMounts.detach(directory);
      return true;
    } catch (MountException e) {
      throw explain(e);
    }
  }

  private void forget(FuseMount mount) {
    if (active.remove(mount)) {
      LOG.info("{} is unmounted", mount.directory());
    }
  }

  /**
   * By name: asking the file system about a directory where this node is mounted would be asking
   * the node.
   */
  private @Nullable FuseMount at(Path directory) {
    for (FuseMount mount : active.mounts()) {
      if (mount.directory().equals(directory)) {
        return mount;
      }
    }
    return null;
  }

  static OperatorException explain(MountException e) {
    return new OperatorException(String.valueOf(e.getMessage()), e.remedy(), e);
  }
}
