package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node whose home lies on a small disk, a tmpfs, which only root can mount. */
@Tag("may-skip")
final class DiskFullIT {
  private static final int DISK_MIB = 200;
  private static final int FILE_BYTES = 4 << 20;
  private static final int FILES_MAX = 2 * DISK_MIB * (1 << 20) / FILE_BYTES;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private @TempDir Path directory;
  private final Random random = new Random(4);
  private final Map<String, byte[]> synced = new LinkedHashMap<>();
  private OwnDisk home;
  private Path mount;
  private CairnProcess cairn;

  @BeforeEach
  void mount() throws Exception {
    home = OwnDisk.mounted(directory, "-t", "tmpfs", "-o", "size=" + DISK_MIB + "m", "cairn-test");
    mount = home.mount;
    cairn = home.cairn;
    cairn.foundAndMount(mount);
  }

  @AfterEach
  void unmount() throws Exception {
    if (home != null) {
      cairn.run("stop").ok();
      home.unmount();
    }
  }

  @Test
  void aDiskFilledByFilesTakesMoreWhenSomeAreRemoved() throws Exception {
    IOException full = fill();
    assertThat(full).hasMessageContaining("No space left on device");
    everythingSyncedIsThere();

    String removed = synced.keySet().iterator().next();
    for (int i = 0; i < 5; i++) {
      Files.delete(mount.resolve(removed));
      synced.remove(removed);
      removed = synced.keySet().iterator().next();
    }
    awaitWrite("afterwards");
    everythingSyncedIsThere();
    cairn.killNode();
    cairn.run("mount", mount).ok();
    everythingSyncedIsThere();
  }

  @Test
  void aDiskThatOthersFilledIsReportedAndGoesOnWhenTheyMakeRoom() throws Exception {
    write("before");
    Path ballast = home.disk.resolve("ballast");
    fillUp(ballast);
    Throwable refused = catchThrowable(() -> write("refused"));
    assertThat(refused)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
    everythingSyncedIsThere();
    cairn.run("status").ok();
    // Names take almost nothing, but they are refused before anything is half done.
    Throwable names = catchThrowable(() -> {
      for (int i = 0; i < 20_000; i++) {
        Files.createFile(mount.resolve("name-" + i));
      }
      sync();
    });
    assertThat(names == null || String.valueOf(names.getMessage()).contains("No space left"))
        .as("%s", names)
        .isTrue();

    Files.delete(ballast);
    awaitWrite("afterwards");
    Files.createFile(mount.resolve("another-name"));
    sync();
    cairn.killNode();
    cairn.run("mount", mount).ok();
    everythingSyncedIsThere();
    assertThat(mount.resolve("another-name")).exists();
  }

  private IOException fill() throws IOException {
    for (int i = 0; i < FILES_MAX; i++) {
      try {
        write("file-" + i);
      } catch (IOException e) {
        return e;
      }
    }
    throw new AssertionError("the disk never ran full");
  }

  private void write(String name) throws IOException {
    byte[] content = new byte[FILE_BYTES];
    random.nextBytes(content);
    try (FileChannel file = FileChannel.open(
        mount.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(content);
      while (left.hasRemaining()) {
        int unused = file.write(left);
      }
      file.force(true);
    }
    synced.put(name, content);
  }

  private void awaitWrite(String name) throws IOException {
    try {
      Awaitility.await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> write(name));
    } catch (ConditionTimeoutException e) {
      throw new AssertionError("the node last said: " + cairn.lastWords(), e);
    }
  }

  private void sync() throws Exception {
    String said = home.sh("sync .");
    if (!said.isEmpty()) {
      throw new IOException(said);
    }
  }

  private void everythingSyncedIsThere() {
    synced.forEach((name, content) -> assertThat(mount.resolve(name)).hasBinaryContent(content));
  }

  private static void fillUp(Path ballast) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(1 << 16);
    try (FileChannel file =
        FileChannel.open(ballast, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (true) {
        int unused = file.write(some.rewind());
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left on device");
    }
  }
}
