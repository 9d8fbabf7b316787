package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CpuLatencyTest {
  @TempDir
  private Path directory;

  private Path governor;
  private Path device;

  @BeforeEach
  void makeMachine() throws IOException {
    governor = Files.writeString(directory.resolve("current_governor"), "haltpoll\n");
    device = Files.createFile(directory.resolve("cpu_dma_latency"));
  }

  /** Each write replaces the demand of this open file. */
  @Test
  void asksForNoLatencyAndTakesThatBack() throws IOException {
    try (IdlePolling.Processors processors = CpuLatency.open(governor, device).orElseThrow()) {
      processors.poll(true);
      processors.poll(false);
    }
    ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(device)).order(ByteOrder.nativeOrder());
    assertThat(written.remaining()).isEqualTo(2 * Integer.BYTES);
    assertThat(written.getInt()).isZero();
    assertThat(written.getInt()).isEqualTo(2_000_000_000);
  }

  @Test
  void leavesOtherMachinesAlone() throws IOException {
    Files.writeString(governor, "menu\n");
    assertThat(CpuLatency.open(governor, device)).isEmpty();
    Files.delete(governor);
    assertThat(CpuLatency.open(governor, device)).isEmpty();
  }

  @Test
  void doesWithoutWhereItIsNotAllowed() throws IOException {
    Files.delete(device);
    assertThat(CpuLatency.open(governor, device)).isEmpty();
  }
}
