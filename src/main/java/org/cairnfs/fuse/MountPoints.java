package org.cairnfs.fuse;

import java.io.File;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.cairnfs.core.Errno;
import org.cairnfs.fuse.MountException.Reason;
import org.jspecify.annotations.Nullable;

/** What the system says about directories to mount on, and what unmounts them. Thread-safe. */
final class MountPoints {
  private static final String INSTALL_FUSE = "Install it: apt install fuse.";
  private static final int ENOTCONN = 107;
  private static final int MNT_FORCE = 1;
  private static final int MNT_DETACH = 2;
  private static final int UMOUNT_NOFOLLOW = 8;

  /**
   * Where the system keeps what matters here.
   *
   * @param searchPath directories of programs, as in PATH
   * @param root whether this process is the superuser
   */
  record Host(
      Path mountInfo, Path fuseDevice, Path fuseConfiguration, String searchPath, boolean root) {
    static Host system() {
      String path = System.getenv("PATH");
      return new Host(
          Path.of("/proc/self/mountinfo"),
          Path.of("/dev/fuse"),
          Path.of("/etc/fuse.conf"),
          path != null ? path : "/usr/bin:/bin",
          NativeLibraries.libC().geteuid() == 0);
    }
  }

  private final Host host;

  MountPoints(Host host) {
    this.host = host;
  }

  boolean root() {
    return host.root;
  }

  /** What is mounted on exactly that (located) directory. */
  MountTable.@Nullable Mount mountAt(Path located) throws MountException {
    try {
      return MountTable.read(host.mountInfo).at(located);
    } catch (IOException unreadable) {
      throw new MountException(
          Reason.REFUSED,
          "cannot read " + host.mountInfo + ", so cannot tell what is mounted",
          "Make sure that /proc is mounted.",
          unreadable);
    }
  }

  /** Whether a FUSE filesystem is mounted there whose server is gone. */
  boolean isStale(Path located) throws MountException {
    MountTable.Mount mount = mountAt(located);
    if (mount == null || !mount.type().startsWith("fuse")) {
      return false;
    }
    // Unlike stat(2) and access(2), which the kernel may answer from what it remembers, this asks
    // the server.
    ByteBuffer answer = ByteBuffer.allocateDirect(VolumeStatWriter.SIZE_BYTES);
    long answerAddress = NativeMemory.addressOf(answer);
    try {
      return NativeLibraries.libC().statvfs(cString(located), answerAddress) != 0
          && NativeLibraries.lastErrno() == ENOTCONN;
    } finally {
      Reference.reachabilityFence(answer);
    }
  }

  /**
   * Finds out whether {@code located} can be mounted on, as far as that can be known before.
   *
   * @throws MountException saying why not and what to do
   */
  void check(Path located, MountOptions options) throws MountException {
    checkDirectory(located, options.has("nonempty"));
    if (!Files.exists(host.fuseDevice)) {
      throw new MountException(
          Reason.NO_DEVICE,
          "there is no " + host.fuseDevice,
          "Load the kernel module (modprobe fuse), or give it to the container"
              + " (--device /dev/fuse --cap-add SYS_ADMIN).");
    }
    if (!Files.isWritable(host.fuseDevice)) {
      throw new MountException(
          Reason.NO_DEVICE,
          host.fuseDevice + " may not be opened by this user",
          "Have root `chmod 666` it, or mount as root.");
    }
    if (!host.root) {
      checkForOrdinaryUser(options);
    }
  }

  /**
   * Unmounts what {@code located} has on top; EBUSY is {@link Reason#BUSY}. Not being mounted is
   * success.
   */
  void unmount(Path located) throws MountException {
    if (host.root) {
      int errno = umount(located, UMOUNT_NOFOLLOW);
      if (errno == Errno.EBUSY.number()) {
        throw busy(located);
      }
      if (errno != 0 && errno != Errno.EINVAL.number()) {
        throw refused(located, "errno " + errno);
      }
    } else {
      fusermount(located, "-u");
    }
  }

  /** Takes the mount out of the tree at once; it ends when nothing uses it any more. */
  void detach(Path located) throws MountException {
    if (host.root) {
      int errno = umount(located, MNT_DETACH | UMOUNT_NOFOLLOW);
      if (errno != 0 && errno != Errno.EINVAL.number()) {
        throw refused(located, "errno " + errno);
      }
    } else {
      fusermount(located, "-uz");
    }
  }

  /**
   * Cuts the connection to the kernel: programs that use the mount get errors, and its server is
   * told that it ended.
   */
  void abort(Path located, String device) throws MountException {
    if (host.root) {
      // Whether it could also be unmounted does not matter here: the connection is cut before that
      // is tried.
      int ignoredErrno = umount(located, MNT_FORCE | UMOUNT_NOFOLLOW);
      assert ignoredErrno >= 0;
      return;
    }
    Path control =
        Path.of("/sys/fs/fuse/connections", device.substring(device.indexOf(':') + 1), "abort");
    try {
      Files.writeString(control, "1");
    } catch (IOException unwritable) {
      throw refused(located, unwritable.toString());
    }
  }

  private static void checkDirectoryItself(Path located) throws MountException {
    if (!Files.exists(located, LinkOption.NOFOLLOW_LINKS)) {
      throw new MountException(
          Reason.MISSING,
          located + " does not exist",
          "Create it first with `mkdir -p " + located + "`.");
    }
    if (!Files.isDirectory(located)) {
      throw new MountException(
          Reason.NOT_A_DIRECTORY,
          located + " is not a directory",
          "Choose an empty directory to mount on.");
    }
  }

  private void checkDirectory(Path located, boolean nonEmpty) throws MountException {
    MountTable.Mount mount = mountAt(located);
    if (mount != null && isStale(located)) {
      throw new MountException(
          Reason.STALE,
          located + " still has the mount of a server that died on it",
          "Unmount it first with `umount -l " + located + "`.");
    }
    if (mount != null) {
      throw new MountException(
          Reason.ALREADY_MOUNTED,
          located + " already has a " + mount.type() + " filesystem mounted on it",
          "Unmount it first, or choose another directory.");
    }
    checkDirectoryItself(located);
    if (nonEmpty) {
      return;
    }
    try (Stream<Path> entries = Files.list(located)) {
      if (entries.findAny().isPresent()) {
        throw new MountException(
            Reason.NOT_EMPTY,
            located + " is not empty",
            "Choose an empty directory, or hide its contents with -o nonempty.");
      }
    } catch (MountException notEmpty) {
      throw notEmpty;
    } catch (IOException unreadable) {
      throw new MountException(
          Reason.REFUSED,
          "cannot list " + located + ": " + unreadable.getMessage(),
          "Choose a directory that this user may read.",
          unreadable);
    }
  }

  private void checkForOrdinaryUser(MountOptions options) throws MountException {
    if (findProgram("fusermount") == null) {
      throw new MountException(
          Reason.NO_FUSERMOUNT,
          "fusermount is not installed, without which only root can mount",
          INSTALL_FUSE);
    }
    if ((options.has("allow_other") || options.has("allow_root")) && !othersMayBeAllowed()) {
      throw new MountException(
          Reason.BAD_OPTION,
          "only root may mount with allow_other or allow_root here",
          "Have root add a line \"user_allow_other\" to " + host.fuseConfiguration + ".");
    }
  }

  private boolean othersMayBeAllowed() {
    try (Stream<String> lines = Files.lines(host.fuseConfiguration)) {
      return lines.anyMatch(line -> line.strip().equals("user_allow_other"));
    } catch (IOException noConfiguration) {
      return false;
    }
  }

  private @Nullable Path findProgram(String name) {
    for (String directory : host.searchPath.split(File.pathSeparator, -1)) {
      Path program = Path.of(directory, name);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    return null;
  }

  private void fusermount(Path located, String flag) throws MountException {
    Path program = findProgram("fusermount");
    if (program == null) {
      throw new MountException(Reason.NO_FUSERMOUNT, "fusermount is not installed", INSTALL_FUSE);
    }
    ProcessBuilder builder = new ProcessBuilder(program.toString(), flag, "--", located.toString())
        .redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), MountTable.pathCharset());
      if (process.waitFor() == 0 || output.contains("not found in")) {
        return;
      }
      throw output.contains("busy") ? busy(located) : refused(located, output.strip());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new MountException(
          Reason.REFUSED, "interrupted while unmounting", "Try again.", interrupted);
    } catch (MountException refused) {
      throw refused;
    } catch (IOException notStarted) {
      throw new MountException(Reason.REFUSED, "cannot run " + program, INSTALL_FUSE, notStarted);
    }
  }

  private static MountException busy(Path located) {
    return new MountException(
        Reason.BUSY,
        located + " is in use",
        "Close its files and leave its directories (fuser -vm " + located
            + " lists who), or use `cairn umount --force`.");
  }

  private static MountException refused(Path located, String why) {
    return new MountException(
        Reason.REFUSED,
        "cannot unmount " + located + ": " + why,
        "Try as root, or `cairn umount --force`.");
  }

  /** umount2(2); answers 0 or the errno. */
  private static int umount(Path located, int flags) {
    return NativeLibraries.libC().umount2(cString(located), flags) == 0
        ? 0
        : NativeLibraries.lastErrno();
  }

  /** The path as C wants it: with a NUL at its end. */
  static byte[] cString(Path path) {
    byte[] bytes = path.toString().getBytes(MountTable.pathCharset());
    return Arrays.copyOf(bytes, bytes.length + 1);
  }
}
