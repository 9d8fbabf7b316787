package org.cairnfs.node.cluster;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.Members;
import org.cairnfs.net.Membership;
import org.cairnfs.net.Standing;

/**
 * Who belongs to the cluster, as this node's metadata says.
 *
 * <p>Metadata may be behind: a node that was away does not know those that joined meanwhile, and
 * could not hear of them from anybody else if one of them leads. So what a member says of the
 * others is believed, until the metadata has come as far as that member's. A node that has just
 * joined, and has no metadata, believes what it was told when it was admitted. Thread-safe; never
 * blocks.
 */
public final class PeerMembership implements Membership {
  private final Members members;
  private final LongSupplier appliedIndex;
  private final Map<NodeId, KnownNode> told;
  private volatile Vouched vouched = new Vouched(Map.of(), Long.MIN_VALUE);

  /** @param untilIndex believed until that entry of the metadata log is applied */
  private record Vouched(Map<NodeId, KnownNode> nodes, long untilIndex) {}

  /**
   * Over the members of the metadata.
   *
   * @param told whom a node that joined was told of; else nobody
   * @param appliedIndex how far the metadata is
   */
  public PeerMembership(Members members, List<KnownNode> told, LongSupplier appliedIndex) {
    this.members = members;
    this.appliedIndex = appliedIndex;
    this.told = byId(told);
  }

  private static Map<NodeId, KnownNode> byId(Collection<KnownNode> nodes) {
    Map<NodeId, KnownNode> byId = new LinkedHashMap<>();
    nodes.forEach(node -> byId.put(node.id(), node));
    return byId;
  }

  @Override
  public Standing standing(NodeId node) {
    Optional<Member> known = members.find(node);
    if (known.isPresent()) {
      return known.get().belongs() ? Standing.MEMBER : Standing.REVOKED;
    }
    if (nodes().containsKey(node)) {
      return Standing.MEMBER;
    }
    return members.invites().isEmpty() ? Standing.REFUSED : Standing.GUEST;
  }

  /** All nodes of the cluster known at the moment, this one too. */
  Map<NodeId, KnownNode> nodes() {
    Map<NodeId, KnownNode> nodes = new LinkedHashMap<>();
    Collection<Member> rows = members.list();
    if (rows.isEmpty()) {
      nodes.putAll(told);
    }
    Vouched others = vouched;
    if (appliedIndex.getAsLong() < others.untilIndex()) {
      nodes.putAll(others.nodes());
    }
    for (Member member : rows) {
      if (member.belongs()) {
        nodes.put(member.id(), KnownNode.of(member));
      } else {
        nodes.remove(member.id());
      }
    }
    return nodes;
  }

  /** A member says that these were the nodes of the cluster after an entry of the metadata log. */
  void vouch(List<KnownNode> nodes, long index) {
    synchronized (this) {
      if (index > vouched.untilIndex()) {
        vouched = new Vouched(byId(nodes), index);
      }
    }
  }
}
