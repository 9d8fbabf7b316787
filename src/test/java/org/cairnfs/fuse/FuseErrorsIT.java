package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.Vfs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a program is told when the vfs throws. */
final class FuseErrorsIT {
  /**
   * Perl for each operation on the files that {@link #mount} made in $d; leaves the error in $!.
   */
  private static final Map<String, String> OPERATIONS = new TreeMap<>(Map.ofEntries(
      Map.entry("lookup", "lstat qq($d/absent)"),
      Map.entry("attributes", "lstat qq($d/file)"),
      Map.entry("setAttributes", "chmod 0600, qq($d/file)"),
      Map.entry("readSymlink", "readlink qq($d/symlink)"),
      Map.entry("makeNode", "mkdir qq($d/new)"),
      Map.entry("makeSymlink", "symlink 'x', qq($d/new)"),
      Map.entry("link", "link qq($d/file), qq($d/new)"),
      Map.entry("unlink", "unlink qq($d/file)"),
      Map.entry("removeDirectory", "rmdir qq($d/directory)"),
      Map.entry("rename", "rename qq($d/file), qq($d/new)"),
      Map.entry("open", "open F, '<', qq($d/file)"),
      Map.entry("create", "open F, '>', qq($d/new)"),
      Map.entry("read", "open(F, '<', qq($d/file)) && defined sysread F, $b, 10"),
      Map.entry("write", "open(F, '+<', qq($d/file)) && defined syswrite F, 'x'"),
      Map.entry("flush", "open(F, '<', qq($d/file)) && close F"),
      Map.entry("fsync", "open(F, '+<', qq($d/file)) && IO::Handle::sync(*F)"),
      Map.entry("allocate", "program qw(fallocate -l 9), qq($d/file)"),
      Map.entry("punchHole", "program qw(fallocate -p -l 9), qq($d/file)"),
      Map.entry("openDirectory", "opendir my $dir, qq($d/directory)"),
      Map.entry("readDirectory", "program qw(ls), qq($d/directory)"),
      Map.entry("xattr", "program qw(getfattr -n user.a), qq($d/file)"),
      Map.entry("xattrNames", "program qw(getfattr), qq($d/file)"),
      Map.entry("setXattr", "program qw(setfattr -n user.b -v c), qq($d/file)"),
      Map.entry("removeXattr", "program qw(setfattr -x user.a), qq($d/file)"),
      Map.entry("stat", "program qw(stat -f), $d"),
      Map.entry(
          "conflictingLock",
          "open(F, '<', qq($d/file)) && fcntl F, F_GETLK, my $l = pack('ssqqi', 1)"),
      Map.entry("lock", "open(F, '<', qq($d/file)) && fcntl F, F_SETLK, my $l = pack('ssqqi', 0)"),
      Map.entry("flock", "open(F, '<', qq($d/file)) && flock F, 2 | 4")));

  /** Those that the kernel asks of an inode, after it looked up the name. */
  private static final List<String> INODE_OPERATIONS = List.of(
      "attributes",
      "setAttributes",
      "readSymlink",
      "link",
      "open",
      "openDirectory",
      "xattr",
      "xattrNames",
      "setXattr",
      "removeXattr");

  /** Perl that finds the error in what a program says of it. */
  private static final String PROGRAM = "use Fcntl; use IO::Handle; $ENV{LC_ALL} = 'C'; sub program"
      + " { my $said = qx(@_ 2>&1); return 1 unless $?;"
      + " for (1 .. 200) { $! = $_; return 0 if $said =~ /: \\Q$!\\E$/m } die $said }";

  private final Map<String, Supplier<Throwable>> failures = new ConcurrentHashMap<>();
  private final MemoryVfs memory = MountFixture.memory();
  private MountFixture mount;

  @BeforeEach
  void mount() throws Exception {
    Vfs faulty = (Vfs) Proxy.newProxyInstance(
        Vfs.class.getClassLoader(), new Class<?>[] {Vfs.class}, (proxy, method, arguments) -> {
          Supplier<Throwable> failure = failures.get(method.getName());
          if (failure != null) {
            throw failure.get();
          }
          try {
            return method.invoke(memory, arguments);
          } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
          }
        });
    mount = MountFixture.mount(faulty);
    mount.mount.setCacheTimeouts(Duration.ZERO);
    Files.writeString(mount.path("file"), "text");
    Files.createDirectory(mount.path("directory"));
    Files.createSymbolicLink(mount.path("symlink"), mount.path("file"));
    mount.bash("setfattr -n user.a -v b file");
    mount.bash("mkdir -p kept/directory; touch kept/file; ln -s file kept/symlink");
    mount.bash("setfattr -n user.a -v b kept/file");
  }

  @AfterEach
  void unmount() throws IOException {
    failures.clear();
    mount.close();
  }

  @Test
  void everyOperationTellsTheErrnoOfTheVfs() throws Exception {
    for (String operation : OPERATIONS.keySet()) {
      assertThat(errnoOf(operation, () -> new PosixException(Errno.EDEADLK, "on purpose")))
          .as(operation)
          .isEqualTo(Errno.EDEADLK.number());
    }
  }

  /**
   * As when another host renames something over what the kernel has just looked up: the name was
   * never free.
   */
  @Test
  void anInodeThatIsReplacedAfterItsLookupIsLookedUpAgain() throws Exception {
    for (String operation : INODE_OPERATIONS) {
      String name = makeTarget(operation);
      mount.bash("cp -a kept/%s other".formatted(name));
      assertThat(errnoOf(operation, () -> gone(operation, "other", name)))
          .as(operation)
          .isZero();
    }
  }

  @Test
  void anInodeThatIsGoneAfterItsLookupIsAbsentIfItsNameIsFree() throws Exception {
    for (String operation : INODE_OPERATIONS) {
      String name = makeTarget(operation);
      assertThat(errnoOf(operation, () -> gone(operation, name, "elsewhere")))
          .as(operation)
          .isEqualTo(Errno.ENOENT.number());
      mount.bash("rm -r elsewhere");
    }
  }

  /** Makes anew what the operation is done to; returns its name. */
  private String makeTarget(String operation) throws Exception {
    String name = switch (operation) {
      case "readSymlink" -> "symlink";
      case "openDirectory" -> "directory";
      default -> "file";
    };
    mount.bash("rm -rf %1$s new; cp -a kept/%1$s .".formatted(name));
    return name;
  }

  /** Renames, unseen by the kernel; the operation then fails this once. */
  private PosixException gone(String operation, String from, String to) {
    failures.remove(operation);
    memory.rename(
        InodeNumber.ROOT, MountFixture.name(from), InodeNumber.ROOT, MountFixture.name(to));
    return new PosixException(Errno.ENOENT, "gone");
  }

  @Test
  void whatIsNoPosixExceptionIsEio() throws Exception {
    for (String operation : OPERATIONS.keySet()) {
      assertThat(errnoOf(operation, () -> new IllegalStateException("on purpose")))
          .as(operation)
          .isEqualTo(Errno.EIO.number());
      assertThat(errnoOf(operation, () -> new StackOverflowError("on purpose")))
          .as(operation)
          .isEqualTo(Errno.EIO.number());
    }
  }

  @Test
  void everyErrnoArrives() throws Exception {
    String expected = Arrays.stream(Errno.values())
        .map(errno -> Integer.toString(errno.number()))
        .collect(Collectors.joining(" "));
    StringBuilder seen = new StringBuilder();
    for (Errno errno : Errno.values()) {
      seen.append(errnoOf("makeSymlink", () -> new PosixException(errno, "on purpose")))
          .append(' ');
    }
    assertThat(seen.toString().strip()).isEqualTo(expected);
  }

  @Test
  void theKernelKeepsWorkingAfterwards() throws Exception {
    whatIsNoPosixExceptionIsEio();
    assertThat(mount.bash("cat file; ls -A | wc -l")).isEqualTo("text4");
    mount.mount.unmount();
    assertThat(memory.openHandles()).isZero();
  }

  private int errnoOf(String operation, Supplier<Throwable> failure) throws Exception {
    failures.put(operation, failure);
    try {
      String program = PROGRAM + "my $d = shift; print((" + OPERATIONS.get(operation)
          + ") ? 'success' : $! + 0)";
      String printed = MountFixture.perlOutside(program, mount.directory.toString());
      return printed.equals("success") ? 0 : Integer.parseInt(printed);
    } finally {
      failures.remove(operation);
    }
  }
}
