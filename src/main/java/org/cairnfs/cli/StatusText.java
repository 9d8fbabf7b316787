package org.cairnfs.cli;

import java.time.Duration;
import java.util.Locale;
import org.cairnfs.node.home.Durations;
import org.cairnfs.proto.AdminCacheStatus;
import org.cairnfs.proto.AdminClusterStatus;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminVolumeStatus;

/** The status for people. */
final class StatusText {
  private static final int ID_CHARS = 12;

  static String format(AdminStatus status) {
    AdminVolumeStatus volume = status.getVolume();
    StringBuilder text = new StringBuilder(512);
    line(
        text,
        "Node",
        status.getNodeId().substring(0, Math.min(ID_CHARS, status.getNodeId().length())) + ", pid "
            + status.getPid() + ", up "
            + Durations.format(Duration.ofSeconds(status.getUptimeSeconds())) + ", Cairn "
            + status.getVersion());
    line(text, "Home", status.getHome());
    line(
        text,
        "Cluster",
        status.getClusterId()
            + (status.getListen().isEmpty() ? "" : ", listening at " + status.getListen()));
    line(text, "Nodes", nodes(status.getCluster()));
    line(
        text,
        "Mounts",
        status.getMountsCount() == 0 ? "none" : String.join(", ", status.getMountsList()));
    line(
        text,
        "Volume",
        size(volume.getLogicalBytes()) + " in " + count(volume.getInodes(), "inode"));
    line(
        text,
        "Replicas",
        Copies.replicas(volume.getReplication()) + ", write quorum "
            + Copies.writeQuorum(volume.getReplication()));
    line(
        text,
        "Stored",
        size(volume.getStoredBytes()) + " in " + count(volume.getBlobs(), "blob")
            + ", " + size(volume.getDiskBytes()) + " on disk, "
            + size(volume.getDeduplicatedBytes()) + " deduplicated since the start");
    if (volume.getDamagedBlobs() > 0) {
      line(text, "Damaged", count(volume.getDamagedBlobs(), "blob") + ": the log names them");
    }
    line(text, "Disk", size(volume.getFreeBytes()) + " free of " + size(volume.getCapacityBytes()));
    line(text, "Cache", cache(status.getCache()));
    line(
        text,
        "Uncommitted",
        count(status.getUncommitted().getOperations(), "change") + ", "
            + size(status.getUncommitted().getBytes()));
    line(
        text,
        "Memory",
        size(status.getMemory().getResidentBytes()) + ", heap "
            + size(status.getMemory().getHeapUsedBytes()) + " of "
            + size(status.getMemory().getHeapMaxBytes()));
    return text.substring(0, text.length() - 1);
  }

  private static void line(StringBuilder text, String label, String content) {
    text.append(String.format(Locale.ROOT, "%-12s %s\n", label, content));
  }

  private static String nodes(AdminClusterStatus cluster) {
    StringBuilder text = new StringBuilder();
    text.append(cluster.getLiveNodes()).append(" of ").append(cluster.getNodes());
    text.append(" up, ").append(leader(cluster.getLeader()));
    text.append("; this is a ").append(PeersOutput.role(cluster.getRole())).append(" node");
    text.append(cluster.getVoter() ? " with a vote" : "");
    if (cluster.getUnderReplicatedBlobs() > 0) {
      text.append(", ").append(count(cluster.getUnderReplicatedBlobs(), "blob"));
      text.append(" with too few copies");
    }
    if (cluster.getUnavailableBlobs() > 0) {
      text.append(", ").append(count(cluster.getUnavailableBlobs(), "blob"));
      text.append(" without a copy that can be reached");
    }
    return text.toString();
  }

  private static String leader(String id) {
    return id.isEmpty()
        ? "no leader"
        : "led by " + id.substring(0, Math.min(ID_CHARS, id.length()));
  }

  private static String cache(AdminCacheStatus cache) {
    long reads = cache.getHits() + cache.getMisses();
    String rate = reads == 0
        ? "not read yet"
        : 100 * cache.getHits() / reads + " % of " + count(reads, "read") + " hit";
    return size(cache.getBytes()) + ", " + rate;
  }

  private static String size(long bytes) {
    return ByteSizes.format(bytes);
  }

  private static String count(long number, String noun) {
    return String.format(Locale.ROOT, "%,d %s%s", number, noun, number == 1 ? "" : "s");
  }

  private StatusText() {}
}
