package org.cairnfs.fuse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jnr.ffi.LibraryLoader;
import org.cairnfs.fuse.MountException.Reason;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.cairnfs.vfs.Vfs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** libfuse2, loaded: what mounts. Thread-safe; one a process is enough. */
public final class FuseLibrary {
  private static final Logger LOG = LoggerFactory.getLogger(FuseLibrary.class);

  private static final String NAME = "libfuse.so.2";
  private static final Duration READY_LIMIT = Duration.ofSeconds(10);

  private final LibFuse fuse;
  private final MountPoints mountPoints;
  private final Siblings siblings = new Siblings();

  private FuseLibrary(LibFuse fuse, MountPoints mountPoints) {
    this.fuse = fuse;
    this.mountPoints = mountPoints;
  }

  /**
   * Loads libfuse.
   *
   * @throws MountException with {@link Reason#NO_LIBRARY} if it is not installed; it may be tried
   *     again
   */
  public static FuseLibrary load() throws MountException {
    return load(NAME, MountPoints.Host.system());
  }

  static FuseLibrary load(String name, MountPoints.Host host) throws MountException {
    try {
      LibFuse fuse = LibraryLoader.create(LibFuse.class).failImmediately().load(name);
      return new FuseLibrary(fuse, new MountPoints(host));
    } catch (UnsatisfiedLinkError missing) {
      throw new MountException(
          Reason.NO_LIBRARY,
          name + " cannot be loaded",
          "Install libfuse 2: apt install libfuse2 fuse.",
          missing);
    }
  }

  /**
   * Finds out, as far as that can be known before, whether {@link #mount} would work. Changes
   * nothing.
   *
   * @throws MountException saying why not and what to do
   */
  public void check(Path directory, List<String> options) throws MountException {
    mountPoints.check(
        MountDirectory.locate(directory), MountOptions.parse(options, mountPoints.root()));
  }

  /**
   * Mounts {@code vfs} and returns when the directory is usable.
   *
   * @param options as after {@code -o}, see mount.fuse(8); Cairn adds default_permissions, and
   *     allow_other for root
   * @throws MountException if the directory or an option is wrong or the system refuses; nothing is
   *     mounted then
   */
  public FuseMount mount(Vfs vfs, Path directory, List<String> options, FuseSettings settings)
      throws MountException {
    MountOptions all = MountOptions.parse(options, mountPoints.root());
    Path located = MountDirectory.locate(directory);
    mountPoints.check(located, all);
    Session session = new Session(
        new Session.Surroundings(fuse, siblings), vfs, MountPoints.cString(located), all, settings);
    MountTable.Mount mount = mountPoints.mountAt(located);
    FuseMount mounted =
        new FuseMount(mountPoints, located, mount != null ? mount.device() : "", session);
    session.start("fuse-" + located.getFileName(), mounted::detachQuietly);
    awaitReady(session, mounted);
    if (mount != null) {
      setReadAhead(mount.device(), settings.readAheadKib());
    }
    return mounted;
  }

  private static void awaitReady(Session session, FuseMount mounted) throws MountException {
    try {
      session.ready().get(READY_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      return;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException failed) {
      LOG.error("the kernel did not answer the mount", failed);
    }
    mounted.abort();
    throw new MountException(
        Reason.REFUSED,
        "the kernel did not take the mount on " + mounted.directory() + " into use",
        "Try again; the kernel's messages (dmesg) and the node's log may say more.");
  }

  /**
   * The kernel's default is a small part of what is good here; only root may change it, and the
   * mount works without.
   */
  private static void setReadAhead(String device, int kib) {
    Path control = Path.of("/sys/class/bdi", device, "read_ahead_kb");
    try {
      Files.writeString(control, Integer.toString(kib));
    } catch (IOException notAllowed) {
      LOG.debug("the read-ahead stays as it is: {}", notAllowed.toString());
    }
  }
}
