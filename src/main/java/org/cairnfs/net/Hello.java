package org.cairnfs.net;

import java.net.InetSocketAddress;
import java.util.Set;
import java.util.UUID;
import org.cairnfs.core.NodeId;

/**
 * What either side says in its first frame; the versions stand before it and are not part of it.
 */
record Hello(
    UUID cluster,
    NodeId node,
    Set<Role> roles,
    long features,
    ChannelKind channel,
    String software) {
  Hello {
    roles = Set.copyOf(roles);
  }

  static Hello of(LocalNode node, ChannelKind channel) {
    return new Hello(
        node.cluster(), node.id(), node.roles(), node.features(), channel, node.software());
  }

  /** Who said it. */
  PeerInfo sender(Standing standing, InetSocketAddress remote) {
    return new PeerInfo(node, standing, roles, features, software, remote);
  }
}
