package org.cairnfs.fuse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A demand on how quickly an idle processor of this machine has to be at work: a CPU latency
 * request of the kernel's power management (Documentation/power/pm_qos_interface.rst), which the
 * kernel forgets with the process.
 *
 * <p>Only for virtual machines whose governor of idle processors is haltpoll: one that idles there
 * gives its processor back to the host, and takes 20 us to wake, whatever the governor thinks will
 * come. Those of other machines choose a state that they are soon out of when they were woken often
 * lately. Not thread-safe.
 */
final class CpuLatency implements IdlePolling.Processors {
  private static final Logger LOG = LoggerFactory.getLogger(CpuLatency.class);

  private static final Path GOVERNOR = Path.of("/sys/devices/system/cpu/cpuidle/current_governor");
  private static final Path DEVICE = Path.of("/dev/cpu_dma_latency");
  private static final String HALTPOLL = "haltpoll";

  /** What haltpoll, asked for this, does: polls for work. */
  private static final int NONE_MICROS = 0;

  /** PM_QOS_CPU_LATENCY_DEFAULT_VALUE: as if nobody asked. */
  private static final int ANY_MICROS = 2_000_000_000;

  private final FileChannel device;

  private CpuLatency(FileChannel device) {
    this.device = device;
  }

  /** Where the system lets this process demand it, and it would help: as root of such a machine. */
  static Optional<IdlePolling.Processors> open() {
    return open(GOVERNOR, DEVICE);
  }

  static Optional<IdlePolling.Processors> open(Path governor, Path device) {
    try {
      if (Files.readString(governor).strip().equals(HALTPOLL)) {
        return Optional.of(new CpuLatency(FileChannel.open(device, StandardOpenOption.WRITE)));
      }
    } catch (IOException notHere) {
      LOG.debug("idle processors are left alone: {}", notHere.toString());
    }
    return Optional.empty();
  }

  @Override
  public void poll(boolean wanted) throws IOException {
    ByteBuffer micros = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
    device.write(micros.putInt(0, wanted ? NONE_MICROS : ANY_MICROS));
  }

  @Override
  public void close() throws IOException {
    device.close();
  }
}
