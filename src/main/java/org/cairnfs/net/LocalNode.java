package org.cairnfs.net;

import java.util.Set;
import java.util.UUID;
import org.cairnfs.core.NodeId;

/**
 * What this node says of itself.
 *
 * @param cluster the only one whose nodes it speaks to
 * @param features bits for what not every version can do
 * @param software name and version, for people, at most 64 bytes
 */
public record LocalNode(NodeId id, UUID cluster, Set<Role> roles, long features, String software) {
  public LocalNode {
    roles = Set.copyOf(roles);
  }
}
