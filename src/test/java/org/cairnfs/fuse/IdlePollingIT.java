package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a mount asks of the processors; where the machine is not of the kind, it asks nothing. Other
 * busy mounts ask for the same.
 */
@Tag("alone")
@Tag("may-skip")
final class IdlePollingIT {
  private static final Path DEVICE = Path.of("/dev/cpu_dma_latency");
  private static final Duration LONG = Duration.ofSeconds(30);

  @BeforeEach
  void lookAtTheMachine() throws IOException {
    var processors = CpuLatency.open();
    assumeTrue(processors.isPresent());
    processors.orElseThrow().close();
    assumeTrue(latencyMicros() > 0, "something else has idle processors poll");
  }

  @Test
  void idleProcessorsPollWhileProgramsUseTheMountAndNotAfter() throws IOException {
    try (MountFixture mount = mount(true)) {
      await().atMost(LONG).until(() -> latencyMicrosAfterRequests(mount) == 0);
      await().atMost(LONG).until(() -> latencyMicros() > 0);
      await().atMost(LONG).until(() -> latencyMicrosAfterRequests(mount) == 0);
    }
    await().atMost(LONG).until(() -> latencyMicros() > 0);
  }

  @Test
  void idleProcessorsAreLeftAloneIfTheSettingsSaySo() throws IOException {
    await().atMost(LONG).until(() -> !hasDeviceOpen()); // of another test
    try (MountFixture mount = mount(true)) {
      assertThat(mount.path("absent")).doesNotExist();
      assertThat(hasDeviceOpen()).isTrue();
    }
    await().atMost(LONG).until(() -> !hasDeviceOpen());
    try (MountFixture mount = mount(false)) {
      assertThat(mount.path("absent")).doesNotExist();
      assertThat(hasDeviceOpen()).isFalse();
    }
  }

  /** With no names kept by the kernel, so that each look at one is a request. */
  private static MountFixture mount(boolean idlePolling) throws IOException {
    return MountFixture.mount(
        MountFixture.memory(),
        FuseSettings.DEFAULT.withCacheTimeout(Duration.ZERO).withIdlePolling(idlePolling));
  }

  private static int latencyMicrosAfterRequests(MountFixture mount) throws IOException {
    for (int i = 0; i < 1_000; i++) {
      Files.exists(mount.path("absent"));
    }
    return latencyMicros();
  }

  /** Whether this process may ask for something. */
  private static boolean hasDeviceOpen() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : files) {
        if (leadsTo(file).equals(DEVICE)) {
          return true;
        }
      }
      return false;
    }
  }

  private static Path leadsTo(Path openFile) throws IOException {
    try {
      return Files.readSymbolicLink(openFile);
    } catch (NoSuchFileException closed) {
      return openFile;
    }
  }

  /** The strictest that anybody asks for. */
  private static int latencyMicros() throws IOException {
    ByteBuffer micros = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
    try (FileChannel device = FileChannel.open(DEVICE)) {
      device.read(micros);
    }
    return micros.getInt(0);
  }
}
