package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.MountException.Reason;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.vfs.Caller;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How mounts begin and end, and what the kernel may remember meanwhile. */
final class FuseLifecycleIT {
  private static final Duration LONG = Duration.ofHours(1);

  private final MemoryVfs vfs = MountFixture.memory();

  @Test
  void unmountingSyncs() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      mount.bash("echo x > f");
      mount.mount.unmount();
      assertThat(vfs.syncs).hasPositiveValue();
      assertThat(vfs.openHandles()).isZero();
      assertThat(mount.directory).isEmptyDirectory();
      assertThatCode(mount.mount::unmount).doesNotThrowAnyException();
    }
  }

  @Test
  void aBusyMountStays() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      Process user = mount.startPerl("open my $f, '>', 'f'; print qq(open\\n); <STDIN>");
      assertThat(user.getInputStream().read()).isEqualTo('o');
      assertThatThrownBy(mount.mount::unmount).satisfies(this::isBusy);
      assertThat(mount.path("f")).exists();
      user.getOutputStream().close();
      assertThat(user.waitFor()).isZero();
      mount.mount.unmount();
    }
  }

  @Test
  void aDetachedMountEndsWithItsLastUser() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      Process user = mount.startPerl("open my $f, '>', 'f'; print qq(open\\n); <STDIN>");
      assertThat(user.getInputStream().read()).isEqualTo('o');
      mount.mount.detach();
      assertThat(mount.directory).isEmptyDirectory();
      assertThat(mount.mount.ended()).isNotDone();
      user.getOutputStream().close();
      mount.mount.ended().join();
    }
  }

  @Test
  void anExternalUnmountIsNoticed() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      Process umount = new ProcessBuilder("umount", mount.directory.toString()).start();
      assertThat(umount.waitFor()).isZero();
      mount.mount.ended().get(30, TimeUnit.SECONDS);
      assertThat(vfs.syncs).hasPositiveValue();
    }
  }

  @Test
  void abortingGivesProgramsAnError() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      Process user = mount.startPerl("""
              open my $f, '>', 'f'; print qq(open\\n); <STDIN>;
              print defined syswrite($f, 'x') ? 'written' : $! + 0;
              """);
      for (char c : "open\n".toCharArray()) {
        assertThat(user.getInputStream().read()).isEqualTo(c);
      }
      mount.mount.abort();
      assertThat(mount.mount.ended()).isDone();
      user.getOutputStream().close();
      assertThat(MountFixture.run(user).text()).matches("(?s)10[37]\\D.*");
      assertThat(mount.directory).isEmptyDirectory();
    }
  }

  @Test
  void severalMountsOfOneVfs() throws Exception {
    try (MountFixture one = MountFixture.mount(vfs, Duration.ZERO);
        MountFixture two = MountFixture.mount(vfs, Duration.ZERO)) {
      one.bash("echo text > f");
      assertThat(two.bash("cat f; rm f")).isEqualTo("text");
      assertThat(one.path("f")).doesNotExist();
      two.bash("echo longer text > f");
      assertThat(one.bash("cat f")).isEqualTo("longer text");
    }
  }

  @Test
  void theKernelBelievesAsLongAsItMay() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs, LONG)) {
      Files.createFile(mount.path("f"));
      InodeNumber file = vfs.lookup(InodeNumber.ROOT, MountFixture.name("f")).number();
      assertThat(mount.bash("stat -c %a f")).isEqualTo("644");
      changeMode(file, 0600);
      assertThat(mount.bash("stat -c %a f")).isEqualTo("644");
      mount.mount.invalidate(file);
      assertThat(mount.bash("stat -c %a f")).isEqualTo("600");

      mount.mount.setCacheTimeouts(Duration.ZERO);
      mount.mount.invalidate(file);
      assertThat(mount.bash("stat -c %a f")).isEqualTo("600");
      changeMode(file, 0400);
      assertThat(mount.bash("stat -c %a f")).isEqualTo("400");
    }
  }

  @Test
  void invalidatedPagesAreReadAgain() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs, LONG)) {
      mount.bash("echo before > f; cat f");
      InodeNumber file = vfs.lookup(InodeNumber.ROOT, MountFixture.name("f")).number();
      long handle = vfs.open(file, true, true, false).handle();
      vfs.write(handle, 0, false, ByteBuffer.wrap(MountFixture.name("behind\n").array()));
      vfs.release(handle, 0, false);
      assertThat(mount.bash("cat f")).isEqualTo("before");
      mount.mount.invalidate(file);
      assertThat(mount.bash("cat f")).isEqualTo("behind");
    }
  }

  @Test
  void namesAreInvalidatedPresentOrAbsent() throws Exception {
    Bytes name = MountFixture.name("f");
    try (MountFixture mount = MountFixture.mount(vfs, LONG)) {
      assertThat(mount.path("f")).doesNotExist();
      vfs.makeNode(Caller.ROOT, InodeNumber.ROOT, name, FileMode.REGULAR | 0644, 0);
      assertThat(mount.path("f")).doesNotExist();
      mount.mount.invalidateEntry(InodeNumber.ROOT, name);
      assertThat(mount.path("f")).exists();
      vfs.unlink(InodeNumber.ROOT, name);
      assertThat(mount.path("f")).exists();
      mount.mount.invalidateEntry(InodeNumber.ROOT, name);
      assertThat(mount.path("f")).doesNotExist();
    }
  }

  @Test
  void invalidatingAfterTheEndDoesNothing() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      mount.mount.unmount();
      mount.mount.invalidate(InodeNumber.ROOT);
      mount.mount.invalidateEntry(InodeNumber.ROOT, MountFixture.name("f"));
    }
  }

  @Test
  void mountingTwiceOnOneDirectoryIsRefused() throws Exception {
    try (MountFixture mount = MountFixture.mount(vfs)) {
      assertThatThrownBy(
              () -> FuseLibrary.load().mount(vfs, mount.directory, List.of(), FuseSettings.DEFAULT))
          .asInstanceOf(type(MountException.class))
          .returns(Reason.ALREADY_MOUNTED, MountException::reason);
    }
  }

  @Test
  void aKilledServerLeavesNoHungProgramAndItsMountCanBeCleaned(@TempDir Path home)
      throws Exception {
    Path directory = Files.createDirectory(home.resolve("a b"));
    Process server = startServer(directory);
    try {
      Process reader = new ProcessBuilder("bash", "-c", "exec 3>f; echo open; read; echo x >&3")
          .directory(directory.toFile())
          .redirectErrorStream(true)
          .start();
      assertThat(reader.getInputStream().read()).isEqualTo('o');
      assertThat(StaleMounts.isStale(directory)).isFalse();

      server.destroyForcibly().waitFor();

      reader.getOutputStream().close();
      assertThat(reader.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(reader.exitValue()).isNotZero();
      assertThatThrownBy(() -> Files.writeString(directory.resolve("g"), "text"))
          .isInstanceOf(IOException.class);
      assertThat(StaleMounts.isStale(directory)).isTrue();
      assertThatThrownBy(
              () -> FuseLibrary.load().mount(vfs, directory, List.of(), FuseSettings.DEFAULT))
          .asInstanceOf(type(MountException.class))
          .returns(Reason.STALE, MountException::reason);
    } finally {
      server.destroyForcibly().waitFor();
      StaleMounts.detach(directory);
    }
    assertThat(StaleMounts.isStale(directory)).isFalse();
    FuseLibrary.load().mount(vfs, directory, List.of(), FuseSettings.DEFAULT).abort();
  }

  @Test
  void manyMountsComeAndGo(@TempDir Path directory) throws Exception {
    FuseLibrary library = FuseLibrary.load();
    for (int i = 0; i < 30; i++) {
      FuseMount mount = library.mount(vfs, directory, List.of(), FuseSettings.DEFAULT);
      Files.writeString(directory.resolve("f"), "round " + i);
      mount.unmount();
    }
  }

  private Process startServer(Path directory) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process server = new ProcessBuilder(
            java,
            "-cp",
            System.getProperty("java.class.path"),
            Server.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    assertThat(server.getInputStream().read()).isEqualTo('m');
    return server;
  }

  private void changeMode(InodeNumber inode, int mode) {
    vfs.setAttributes(inode, new AttributeChange(mode, null, null, null, null, null, vfs.now()));
  }

  private void isBusy(Throwable thrown) {
    assertThat(thrown)
        .asInstanceOf(type(MountException.class))
        .returns(Reason.BUSY, MountException::reason);
  }

  /** A process of its own that serves a vfs until it is killed. */
  static final class Server {
    public static void main(String[] arguments) throws Exception {
      FuseMount mount = FuseLibrary.load()
          .mount(
              new MemoryVfs(Clock.systemUTC()),
              Path.of(arguments[0]),
              List.of(),
              FuseSettings.DEFAULT);
      System.out.println("mounted");
      mount.ended().join();
    }

    private Server() {}
  }
}
