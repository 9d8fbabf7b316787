package org.cairnfs.core;

/**
 * How many copies of each blob a volume has (R), and how many of them a writer waits for (W).
 *
 * @param replicas R: 1 to {@link #REPLICAS_MAX}, or {@link #ALL}
 * @param writeQuorum W: 1 to R, or {@link #MAJORITY}
 */
public record Replication(int replicas, int writeQuorum) {
  /** As R: every node has a copy. */
  public static final int ALL = 0;

  /** As W: more than half of the copies, R / 2 + 1. */
  public static final int MAJORITY = 0;

  /** More copies are of use to nobody but who wants {@link #ALL}. */
  public static final int REPLICAS_MAX = 32;

  /** Of a volume of which nobody has said anything else. */
  public static final Replication DEFAULT = new Replication(3, MAJORITY);

  public Replication {
    if (!isValid(replicas, writeQuorum)) {
      throw new IllegalArgumentException(writeQuorum + " of " + replicas + " copies");
    }
  }

  /** Whether the two are within bounds, W not above R among them. */
  public static boolean isValid(int replicas, int writeQuorum) {
    int most = replicas == ALL ? REPLICAS_MAX : replicas;
    return replicas >= 0 && replicas <= REPLICAS_MAX && writeQuorum >= 0 && writeQuorum <= most;
  }

  /** How many of so many nodes have a copy. */
  public int replicasOf(int nodes) {
    return replicas == ALL ? nodes : Math.min(replicas, nodes);
  }

  /** How many copies a writer waits for among so many nodes. */
  public int writeQuorumOf(int nodes) {
    int copies = replicasOf(nodes);
    return writeQuorum == MAJORITY ? copies / 2 + 1 : Math.min(writeQuorum, copies);
  }
}
