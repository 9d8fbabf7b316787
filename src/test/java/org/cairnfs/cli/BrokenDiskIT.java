package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
  private static final long IMAGE_BYTES = 300L << 20;

  /** EXT4_IOC_SHUTDOWN without a last flush of its journal. */
  private static final String SHUT_DOWN = "perl -e 'open(my $disk, \"<\", $ARGV[0]) or die $!;"
      + " my $how = pack \"L\", 2; ioctl($disk, 0x8004587d, $how) or die $!' $0";

  /**
   * Mounts what the disk holds as a disk of its own: the kernel keeps the one that was shut down,
   * and would mount it again, while any other mount namespace has a copy of its mount.
   */
  private static final String REPLACE =
      "umount $0 && cp --sparse=always $1 $1.well && mount -o loop $1.well $0";

  private @TempDir Path directory;
  private Path image;
  private OwnDisk home;

  @BeforeEach
  void mount() throws Exception {
    image = directory.resolve("image");
    try (FileChannel file =
        FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      int unused = file.write(ByteBuffer.allocate(1), IMAGE_BYTES - 1);
    }
    Process mkfs =
        new ProcessBuilder("mkfs.ext4", "-q", image.toString()).inheritIO().start();
    assertThat(mkfs.waitFor()).isZero();
    home = OwnDisk.mounted(directory, "-o", "loop", image.toString());
    home.cairn.foundAndMount(home.mount);
  }

  @AfterEach
  void unmount() throws Exception {
    if (home != null) {
      home.cairn.run("stop");
      home.unmount();
    }
  }

  private String sh(String script, Path... arguments) throws Exception {
    return home.sh(script, arguments);
  }

  @Test
  void aDiskThatFailsIsReportedByEverythingAndNothingSyncedIsLost() throws Exception {
    assertThat(sh("echo first >a; mkdir d; echo second >d/b; sync a d/b d")).isEmpty();
    // What only the journal has is not shown by a node whose log is broken, until it starts again.
    TimeUnit.SECONDS.sleep(1);

    assertThat(sh(SHUT_DOWN, home.disk)).isEmpty();

    assertThat(sh("echo third >a; sync a")).contains("Input/output error");
    assertThat(sh("dd if=/dev/zero of=c bs=1M count=4 conv=fsync status=none"))
        .contains("Input/output error");
    await().atMost(LIMIT).until(() -> sh("mkdir e-$RANDOM").contains("Input/output error"));
    assertThat(sh("ls")).contains("d");
    home.cairn.run("status").ok();
    home.cairn.run("stop").failed("may not be on disk", "start the node again");

    assertThat(sh(REPLACE, home.disk, image)).isEmpty();
    home.cairn.run("mount", home.mount).ok();
    assertThat(sh("cat a d/b")).isEqualTo("first\nsecond\n");
    assertThat(sh("echo fourth >a; sync a; cat a")).isEqualTo("fourth\n");
    home.cairn.run("stop").ok();
  }
}
