package org.cairnfs.node.cluster;

import java.util.List;
import java.util.UUID;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.jspecify.annotations.Nullable;

/**
 * What a node gets that was admitted to a cluster; who has it closes it.
 *
 * @param volume names the volume
 * @param nodes of the cluster, the new one too
 * @param clock of the node that admitted it
 * @param slots for a member: what the volume is opened with
 * @param keyFile for a member of a volume that has one
 */
public record Admission(
    UUID volume,
    List<KnownNode> nodes,
    ClockDifference clock,
    @Nullable KeySlots slots,
    @Nullable KeyFile keyFile)
    implements AutoCloseable {
  public Admission {
    nodes = List.copyOf(nodes);
  }

  /** What the operator should know although all went well; empty if nothing. */
  public String notice() {
    return clock.ownTrouble();
  }

  @Override
  public void close() {
    if (keyFile != null) {
      keyFile.close();
    }
  }
}
