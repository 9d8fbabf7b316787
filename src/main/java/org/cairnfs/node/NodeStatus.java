package org.cairnfs.node;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.cairnfs.blob.BlockStats;
import org.cairnfs.meta.Usage;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.proto.AdminCacheStatus;
import org.cairnfs.proto.AdminMemoryStatus;
import org.cairnfs.proto.AdminNetworkStatus;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminUncommittedStatus;
import org.cairnfs.proto.AdminVolumeStatus;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a node does and holds at a moment.
 *
 * @param access null in a storage node
 */
record NodeStatus(
    Home home,
    NodeConfig config,
    Components components,
    @Nullable VolumeAccess access) {
  private static final long KIB = 1024;

  AdminStatus read() {
    @Nullable ListenAddress listening = components.cluster().network().listening();
    AdminStatus.Builder status = AdminStatus.newBuilder()
        .setPid(ProcessHandle.current().pid())
        .setVersion(Version.current())
        .setHome(home.toString())
        .setNodeId(components.cluster().id().toString())
        .setClusterId(config.clusterId().toString())
        .setListen(listening == null ? "" : listening.toString())
        .setUptimeSeconds(
            Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime()).toSeconds())
        .setMemory(memory())
        .setCluster(cluster().status())
        .setNetwork(AdminNetworkStatus.newBuilder()
            .setReceivedBytes(components.cluster().network().receivedBytes())
            .setSentBytes(components.cluster().network().sentBytes()));
    VolumeAccess volume = access;
    if (volume == null) {
      return status.setVolume(storage()).build();
    }
    BlockStats blocks = volume.volume().blocks().stats();
    return status
        .addAllMounts(volume.mounts().directories().stream().map(Path::toString).toList())
        .setVolume(volume(volume.volume(), blocks))
        .setCache(AdminCacheStatus.newBuilder()
            .setHits(blocks.cacheHits())
            .setMisses(blocks.cacheMisses())
            .setBytes(blocks.cacheBytes()))
        .setUncommitted(AdminUncommittedStatus.newBuilder()
            .setOperations(volume.volume().vfs().pendingOperations())
            .setBytes(
                volume.volume().vfs().dirtyBytes() + volume.volume().session().pendingBytes()))
        .build();
  }

  private ClusterCommands cluster() {
    return new ClusterCommands(components, config);
  }

  private AdminVolumeStatus.Builder volume(Components.Volume volume, BlockStats blocks) {
    Usage usage = volume.session().usage();
    return AdminVolumeStatus.newBuilder()
        .setId(config.volumeId().toString())
        .setReplication(cluster().replication())
        .setLogicalBytes(usage.logicalBytes())
        .setStoredBytes(blocks.storedBytes())
        .setDiskBytes(blocks.diskBytes())
        .setBlobs(blocks.blobs())
        .setInodes(usage.inodes())
        .setDeduplicatedBytes(blocks.deduplicatedBytes())
        .setDamagedBlobs(blocks.damagedBlobs())
        .setCapacityBytes(volume.blocks().totalBytes())
        .setFreeBytes(volume.blocks().usableBytes());
  }

  /** What can be said without the key. */
  private AdminVolumeStatus.Builder storage() {
    StoreStats blobs = components.storage().segments().stats();
    Usage usage = components.storage().metadata().usage();
    AdminVolumeStatus.Builder status = AdminVolumeStatus.newBuilder()
        .setId(config.volumeId().toString())
        .setReplication(cluster().replication())
        .setLogicalBytes(usage.logicalBytes())
        .setInodes(usage.inodes())
        .setStoredBytes(blobs.liveBytes())
        .setDiskBytes(blobs.diskBytes())
        .setBlobs(blobs.blobs())
        .setDamagedBlobs(blobs.damagedBlobs());
    try {
      return status
          .setCapacityBytes(components.storage().disk().getTotalSpace())
          .setFreeBytes(components.storage().disk().getUsableSpace());
    } catch (IOException e) {
      return status;
    }
  }

  private AdminMemoryStatus.Builder memory() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return AdminMemoryStatus.newBuilder()
        .setHeapUsedBytes(heap.getUsed())
        .setHeapMaxBytes(heap.getMax())
        .setResidentBytes(residentBytes())
        .setKvBytes(components.storage().kvBytes());
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
}
