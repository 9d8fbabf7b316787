package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.InodeNumber;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Locks of real programs on a mounted vfs. */
final class FuseLocksIT {
  /** Locks the whole file f; tells so; releases it when its input ends. */
  private static final String HOLDER = """
      use Fcntl;
      open(my $f, '+<', 'f') or die $!;
      my $lock = pack('s s x4 l! l! i x4', F_WRLCK, 0, 0, 0, 0);
      fcntl($f, F_SETLK, $lock) or die "not locked: $!";
      print "locked\\n";
      <STDIN>;
      """;

  /** Waits for a lock on f; says how that ended. */
  private static final String WAITER = """
      use Fcntl;
      $SIG{USR1} = sub {};
      open(my $f, '+<', 'f') or die $!;
      my $lock = pack('s s x4 l! l! i x4', F_WRLCK, 0, 10, 5, 0);
      print "waiting\\n";
      print fcntl($f, F_SETLKW, $lock) ? "locked\\n" : "errno " . ($! + 0) . "\\n";
      """;

  private final MemoryVfs vfs = MountFixture.memory();
  private MountFixture mount;
  private InodeNumber file;

  @BeforeEach
  void mount() throws IOException {
    mount = MountFixture.mount(vfs);
    Files.createFile(mount.path("f"));
    file = vfs.lookup(InodeNumber.ROOT, MountFixture.name("f")).number();
  }

  @AfterEach
  void unmount() throws IOException {
    mount.close();
  }

  @Test
  void aProgramThatWaitsGetsTheLockWhenItIsReleased() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    Process waiter = startAndRead(WAITER, "waiting");
    await().until(() -> vfs.waitingLocks(file) == 1);
    holder.getOutputStream().close();
    assertThat(MountFixture.run(waiter).text()).isEqualTo("locked");
    assertThat(MountFixture.run(holder).exitCode()).isZero();
  }

  @Test
  void aSignalInterruptsTheWait() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    Process waiter = startAndRead(WAITER, "waiting");
    await().until(() -> vfs.waitingLocks(file) == 1);
    mount.bash("kill -USR1 " + waiter.pid());
    assertThat(MountFixture.run(waiter).text()).isEqualTo("errno 4");
    assertThat(vfs.waitingLocks(file)).isZero();
    holder.getOutputStream().close();
    assertThat(MountFixture.run(holder).exitCode()).isZero();
  }

  @Test
  void aKilledWaiterDoesNotKeepWaiting() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    Process waiter = startAndRead(WAITER, "waiting");
    await().until(() -> vfs.waitingLocks(file) == 1);
    waiter.destroyForcibly();
    assertThat(waiter.waitFor(30, TimeUnit.SECONDS)).isTrue();
    await().until(() -> vfs.waitingLocks(file) == 0);
    holder.getOutputStream().close();
    assertThat(MountFixture.run(holder).exitCode()).isZero();
    assertThat(mount.perl(WAITER)).isEqualTo("waiting\nlocked");
  }

  @Test
  void moreProgramsWaitThanThereAreWorkers() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    int count = FuseSettings.DEFAULT.threads() * 2;
    Process[] waiters = new Process[count];
    for (int i = 0; i < count; i++) {
      waiters[i] = startAndRead(WAITER, "waiting");
    }
    await().until(() -> vfs.waitingLocks(file) == count);
    assertThat(mount.bash("ls")).isEqualTo("f");
    holder.getOutputStream().close();
    for (Process waiter : waiters) {
      assertThat(MountFixture.run(waiter).text()).isEqualTo("locked");
    }
    assertThat(MountFixture.run(holder).exitCode()).isZero();
  }

  @Test
  void aTakenLockIsRefusedAndNamed() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    assertThat(mount.perl("""
                use Fcntl;
                open(my $f, '+<', 'f') or die $!;
                my $lock = pack('s s x4 l! l! i x4', F_WRLCK, 0, 10, 5, 0);
                print fcntl($f, F_SETLK, $lock) ? 'locked' : 'errno ' . ($! + 0);
                fcntl($f, F_GETLK, $lock) or die $!;
                my ($type, $whence, $start, $length, $pid) = unpack('s s x4 l! l! i', $lock);
                print ' ', $type == F_WRLCK ? 'write' : $type, " $start $length $pid";
                """)).isEqualTo("errno 11 write 0 0 " + holder.pid());
    holder.getOutputStream().close();
    assertThat(MountFixture.run(holder).exitCode()).isZero();
    assertThat(mount.perl("""
                use Fcntl;
                open(my $f, '+<', 'f') or die $!;
                my $lock = pack('s s x4 l! l! i x4', F_WRLCK, 0, 10, 5, 0);
                fcntl($f, F_GETLK, $lock) or die $!;
                print unpack('s', $lock) == F_UNLCK ? 'free' : 'taken';
                """)).isEqualTo("free");
  }

  @Test
  void flock() throws Exception {
    assertThat(mount.bash("""
                exec 3<f
                flock 3
                flock -n f true && echo both || echo refused
                flock -w 1 f true && echo both || echo timed out
                flock -u 3
                flock -n f echo free
                flock -s 3
                flock -n -s f echo shared
                exec 3<&-
                """)).isEqualTo("refused\ntimed out\nfree\nshared");
    // The kernel tells of a close without waiting for the answer.
    await().until(() -> vfs.heldLocks(file) == 0);
    assertThat(mount.bash("flock -n -x f echo closed")).isEqualTo("closed");
  }

  @Test
  void endingTheMountEndsTheWait() throws Exception {
    Process holder = startAndRead(HOLDER, "locked");
    Process waiter = startAndRead(WAITER, "waiting");
    await().until(() -> vfs.waitingLocks(file) == 1);
    mount.mount.abort();
    assertThat(MountFixture.run(waiter).text()).startsWith("errno ");
    assertThat(vfs.openHandles()).isZero();
    assertThat(vfs.heldLocks(file)).isZero();
    holder.getOutputStream().close();
    MountFixture.run(holder);
  }

  private Process startAndRead(String program, String line) throws IOException {
    Process process = mount.startPerl(program);
    StringBuilder read = new StringBuilder();
    // Byte by byte: a buffer would swallow what the test reads later.
    int next = process.getInputStream().read();
    while (next >= 0 && next != '\n') {
      read.append((char) next);
      next = process.getInputStream().read();
    }
    assertThat(read.toString()).isEqualTo(line);
    return process;
  }
}
