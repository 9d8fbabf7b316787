package org.cairnfs.net;

import java.net.InetSocketAddress;
import java.util.Set;
import org.cairnfs.core.NodeId;

/**
 * A peer as it was when it connected.
 *
 * @param id proven in TLS
 * @param standing what the membership said of it
 * @param roles what it says it does
 * @param features bits for what it can do
 * @param software what it says it runs, for people
 * @param remote the other end of the connection
 */
public record PeerInfo(
    NodeId id,
    Standing standing,
    Set<Role> roles,
    long features,
    String software,
    InetSocketAddress remote) {
  public PeerInfo {
    roles = Set.copyOf(roles);
  }
}
