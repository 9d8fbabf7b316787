package org.cairnfs.node;

import java.io.Closeable;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.cairnfs.blob.BlockStats;
import org.cairnfs.meta.Usage;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.proto.AdminCacheStatus;
import org.cairnfs.proto.AdminMemoryStatus;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminUncommittedStatus;
import org.cairnfs.proto.AdminVolumeStatus;
import org.jspecify.annotations.Nullable;

/**
 * A node that runs: its volume's filesystem, the mounts of it, and what it can tell about itself.
 *
 * <p>{@link Startup} has wired it. Thread-safe until closed.
 */
final class Node implements Closeable {
  private static final long KIB = 1024;

  private final Home home;
  private final NodeConfig config;
  private final Components components;
  private final Resources resources;
  private final Mounts mounts;
  private final VolumeTransfers transfers;
  private final VolumeListing listing;

  Node(Home home, NodeConfig config, Components components, Mounts mounts, Resources resources) {
    this.home = home;
    this.config = config;
    this.components = components;
    this.mounts = mounts;
    this.resources = resources;
    this.transfers = new VolumeTransfers(components.vfs(), mounts::invalidate, components.random());
    this.listing = new VolumeListing(components.vfs());
  }

  /**
   * Starts the node of a home whose lock this process holds.
   *
   * @param passphrase opens the volume; null if its key file does
   * @param mount what is going to be mounted first: nothing is touched if it cannot be; null for
   *     nothing
   * @throws OperatorException if it cannot; nothing is left open or mounted then
   */
  static Node start(
      Home home, NodeConfig config, @Nullable Passphrase passphrase, @Nullable MountRequest mount)
      throws OperatorException {
    Startup startup = new Startup(home, config);
    return startup.run(passphrase, mount);
  }

  Mounts mounts() {
    return mounts;
  }

  VolumeTransfers transfers() {
    return transfers;
  }

  VolumeListing listing() {
    return listing;
  }

  /** What the node does and holds at the moment. */
  AdminStatus status() {
    @Nullable ListenAddress listen = config.listen();
    return AdminStatus.newBuilder()
        .setPid(ProcessHandle.current().pid())
        .setVersion(Version.current())
        .setHome(home.toString())
        .setNodeId(components.identity().id().toString())
        .setClusterId(config.clusterId().toString())
        .setListen(listen == null ? "" : listen.toString())
        .setUptimeSeconds(
            Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime()).toSeconds())
        .addAllMounts(mounts.directories().stream().map(Path::toString).toList())
        .setVolume(volumeStatus())
        .setCache(cacheStatus())
        .setUncommitted(AdminUncommittedStatus.newBuilder()
            .setOperations(components.vfs().pendingOperations())
            .setBytes(components.vfs().dirtyBytes() + components.session().pendingBytes()))
        .setMemory(memoryStatus())
        .build();
  }

  private AdminVolumeStatus volumeStatus() {
    BlockStats blocks = components.blocks().stats();
    Usage usage = components.session().usage();
    return AdminVolumeStatus.newBuilder()
        .setId(config.volumeId().toString())
        .setLogicalBytes(usage.logicalBytes())
        .setStoredBytes(blocks.storedBytes())
        .setDiskBytes(blocks.diskBytes())
        .setBlobs(blocks.blobs())
        .setInodes(usage.inodes())
        .setDeduplicatedBytes(blocks.deduplicatedBytes())
        .setDamagedBlobs(blocks.damagedBlobs())
        .setCapacityBytes(components.blocks().totalBytes())
        .setFreeBytes(components.blocks().usableBytes())
        .build();
  }

  private AdminCacheStatus cacheStatus() {
    BlockStats blocks = components.blocks().stats();
    return AdminCacheStatus.newBuilder()
        .setHits(blocks.cacheHits())
        .setMisses(blocks.cacheMisses())
        .setBytes(blocks.cacheBytes())
        .build();
  }

  private AdminMemoryStatus memoryStatus() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return AdminMemoryStatus.newBuilder()
        .setHeapUsedBytes(heap.getUsed())
        .setHeapMaxBytes(heap.getMax())
        .setResidentBytes(residentBytes())
        .setKvBytes(components.kvBytes())
        .build();
  }

  /** What the kernel counts as this process's memory (proc(5), VmRSS); 0 where it does not say. */
  private static long residentBytes() {
    try {
      for (String line :
          Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.US_ASCII)) {
        if (line.startsWith("VmRSS:")) {
          return KIB * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
    return 0;
  }

  /** Ends all mounts; returns those that programs were using. */
  List<Path> unmountAll() {
    return mounts.endAll();
  }

  /** Puts everything on disk and closes it. The mounts must have ended. */
  @Override
  public void close() throws IOException {
    resources.close();
  }
}
