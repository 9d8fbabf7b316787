package org.cairnfs.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.cairnfs.proto.AdminClusterStatus;
import org.cairnfs.proto.AdminReplication;
import org.cairnfs.proto.AdminStatus;

/** The status for programs. Keys are only ever added; docs/cli.md describes them. */
final class StatusJson {
  static String format(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("pid", status.getPid());
    json.put("version", status.getVersion());
    json.put("home", status.getHome());
    json.put("nodeId", status.getNodeId());
    json.put("clusterId", status.getClusterId());
    json.put("listen", status.getListen());
    json.put("uptimeSeconds", status.getUptimeSeconds());
    json.put("mounts", status.getMountsList());
    json.put("cluster", cluster(status));
    json.put("volume", volume(status));
    json.put("disk", disk(status));
    json.put("cache", cache(status));
    json.put("uncommitted", uncommitted(status));
    json.put("memory", memory(status));
    json.put("network", network(status));
    return Json.format(json);
  }

  private static Map<String, Object> cluster(AdminStatus status) {
    AdminClusterStatus cluster = status.getCluster();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("role", PeersOutput.role(cluster.getRole()));
    json.put("nodes", cluster.getNodes());
    json.put("liveNodes", cluster.getLiveNodes());
    json.put("leader", cluster.getLeader());
    json.put("voter", cluster.getVoter());
    json.put("underReplicatedBlobs", cluster.getUnderReplicatedBlobs());
    json.put("missingBlobs", cluster.getMissingBlobs());
    json.put("unavailableBlobs", cluster.getUnavailableBlobs());
    json.put("cachedBytes", cluster.getCachedBytes());
    json.put("fetchedBytes", cluster.getFetchedBytes());
    return json;
  }

  private static Map<String, Object> volume(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", status.getVolume().getId());
    json.put("logicalBytes", status.getVolume().getLogicalBytes());
    json.put("storedBytes", status.getVolume().getStoredBytes());
    json.put("deduplicatedBytes", status.getVolume().getDeduplicatedBytes());
    json.put("blobs", status.getVolume().getBlobs());
    json.put("damagedBlobs", status.getVolume().getDamagedBlobs());
    json.put("inodes", status.getVolume().getInodes());
    AdminReplication replication = status.getVolume().getReplication();
    json.put("replicas", Copies.orWord(replication.getReplicas(), Copies.ALL));
    json.put("writeQuorum", Copies.orWord(replication.getWriteQuorum(), Copies.MAJORITY));
    return json;
  }

  private static Map<String, Object> disk(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("capacityBytes", status.getVolume().getCapacityBytes());
    json.put("freeBytes", status.getVolume().getFreeBytes());
    json.put("segmentBytes", status.getVolume().getDiskBytes());
    return json;
  }

  private static Map<String, Object> cache(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("hits", status.getCache().getHits());
    json.put("misses", status.getCache().getMisses());
    json.put("bytes", status.getCache().getBytes());
    return json;
  }

  private static Map<String, Object> uncommitted(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("operations", status.getUncommitted().getOperations());
    json.put("bytes", status.getUncommitted().getBytes());
    return json;
  }

  private static Map<String, Object> memory(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("heapUsedBytes", status.getMemory().getHeapUsedBytes());
    json.put("heapMaxBytes", status.getMemory().getHeapMaxBytes());
    json.put("residentBytes", status.getMemory().getResidentBytes());
    json.put("kvBytes", status.getMemory().getKvBytes());
    return json;
  }

  private static Map<String, Object> network(AdminStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("receivedBytes", status.getNetwork().getReceivedBytes());
    json.put("sentBytes", status.getNetwork().getSentBytes());
    return json;
  }

  private StatusJson() {}
}
