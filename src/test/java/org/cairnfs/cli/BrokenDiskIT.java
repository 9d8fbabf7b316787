package org.cairnfs.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node whose home lies on an ext4 of its own that is shut down, as ext4 does when its disk fails:
 * from then on every read, write and sync of the home fails with EIO.
 */
@Tag("may-skip")
final class BrokenDiskIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** EXT4_IOC_SHUTDOWN without a last flush of its journal. */
  private static final String SHUT_DOWN = "perl -e 'open(my $disk, \"<\", $ARGV[0]) or die $!;"
      + " my $how = pack \"L\", 2; ioctl($disk, 0x8004587d, $how) or die $!' $0";

  private @TempDir Path directory;
  private Path image;
  private Path disk;
  private Path mount;
  private CairnProcess cairn;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    image = directory.resolve("image");
    disk = Files.createDirectory(directory.resolve("disk"));
    mount = Files.createDirectory(directory.resolve("mount"));
    assertThat(sh("truncate -s 300M $0 && mkfs.ext4 -q $0", image)).isEmpty();
    mounted = sh("mount -o loop $0 $1 && echo yes", image, disk).equals("yes\n");
    assumeTrue(mounted, "needs the right to mount, and loop devices");
    cairn = new CairnProcess(disk.resolve("home"));
    cairn.foundAndMount(mount);
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      cairn.run("stop");
      assertThat(sh("umount $0", disk)).isEmpty();
    }
  }

  private String sh(String script, Path... arguments) throws Exception {
    String[] command = new String[3 + arguments.length];
    command[0] = "bash";
    command[1] = "-c";
    command[2] = script;
    for (int i = 0; i < arguments.length; i++) {
      command[3 + i] = arguments[i].toString();
    }
    Process process = new ProcessBuilder(command)
        .directory(mount.toFile())
        .redirectErrorStream(true)
        .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return said;
  }

  @Test
  void aDiskThatFailsIsReportedByEverythingAndNothingSyncedIsLost() throws Exception {
    assertThat(sh("echo first >a; mkdir d; echo second >d/b; sync a d/b d")).isEmpty();
    // What only the journal has is not shown by a node whose log is broken, until it starts again.
    TimeUnit.SECONDS.sleep(1);

    assertThat(sh(SHUT_DOWN, disk)).isEmpty();

    assertThat(sh("echo third >a; sync a")).contains("Input/output error");
    assertThat(sh("dd if=/dev/zero of=c bs=1M count=4 conv=fsync status=none"))
        .contains("Input/output error");
    await().atMost(LIMIT).until(() -> sh("mkdir e-$RANDOM").contains("Input/output error"));
    assertThat(sh("ls")).contains("d");
    cairn.run("status").ok();
    cairn.run("stop").failed("may not be on disk", "start the node again");

    assertThat(sh("umount $0 && mount -o loop $1 $0", disk, image)).isEmpty();
    cairn.run("mount", mount).ok();
    assertThat(sh("cat a d/b")).isEqualTo("first\nsecond\n");
    assertThat(sh("echo fourth >a; sync a; cat a")).isEqualTo("fourth\n");
    cairn.run("stop").ok();
  }
}
