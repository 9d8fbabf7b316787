package org.cairnfs.blob;

import java.time.Duration;

/**
 * How blobs are kept on several nodes; how many of them keep each is the volume's to say, see
 * {@link BlobNodes#replication}.
 *
 * @param callLimit for one message to a peer and its answer
 * @param copiesLimit how long a sync waits for enough copies before it fails
 * @param hold how long a blob that was put here is kept though no metadata refers to it
 * @param hedgeMin a peer that sends nothing for so long has a second one asked beside it
 * @param repairBytesPerSecond fetched at most to repair
 * @param repairInterval between walks when nothing changes
 * @param settle after a change of nodes, before a walk begins
 * @param scrubBytesPerSecond read at most to look for damage; 0 for never
 */
public record ClusterSettings(
    Duration callLimit,
    Duration copiesLimit,
    Duration hold,
    Duration hedgeMin,
    long repairBytesPerSecond,
    Duration repairInterval,
    Duration settle,
    long scrubBytesPerSecond) {
  /** What a node uses. */
  public static final ClusterSettings DEFAULT = new ClusterSettings(
      Duration.ofSeconds(20),
      Duration.ofSeconds(30),
      Duration.ofMinutes(10),
      Duration.ofMillis(20),
      64L << 20,
      Duration.ofMinutes(15),
      Duration.ofSeconds(2),
      4L << 20);

  /** The same with other rates of the work in the background. */
  public ClusterSettings withRates(long repair, long scrub) {
    return new ClusterSettings(
        callLimit, copiesLimit, hold, hedgeMin, repair, repairInterval, settle, scrub);
  }

  public ClusterSettings {
    if (repairBytesPerSecond < 1 || scrubBytesPerSecond < 0) {
      throw new IllegalArgumentException("cluster settings out of range");
    }
  }
}
