package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.Member;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.PeerMember;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node of the cluster and where it is, as another node says.
 *
 * @param addresses at most {@link Member#MAX_ADDRESSES}, the best first
 */
public record KnownNode(NodeId id, Role role, List<ListenAddress> addresses) {
  private static final Logger LOG = LoggerFactory.getLogger(KnownNode.class);

  public KnownNode {
    addresses = List.copyOf(addresses);
  }

  static KnownNode of(Member member) {
    return new KnownNode(member.id(), member.role(), parse(member.addresses()));
  }

  /** What a message says of a node; null if that cannot be understood. */
  static KnownNode decode(PeerMember message) throws OperatorException {
    try {
      return new KnownNode(
          NodeId.of(message.getNodeId().toByteArray()),
          PeerMessages.role(message.getRole()),
          parse(message.getAddressesList()));
    } catch (IllegalArgumentException e) {
      throw new OperatorException(
          "a node described another in a way that is not known here",
          "Run the same version of Cairn on all nodes.",
          e);
    }
  }

  PeerMember encode() {
    return PeerMember.newBuilder()
        .setNodeId(ByteString.copyFrom(id.toBytes()))
        .setRole(PeerMessages.encode(role))
        .addAllAddresses(addresses.stream().map(ListenAddress::toString).toList())
        .build();
  }

  /** Those of them that are addresses; a newer version may know other kinds. */
  static List<ListenAddress> parse(List<String> texts) {
    List<ListenAddress> addresses = new ArrayList<>();
    for (String text : texts) {
      try {
        if (addresses.size() < Member.MAX_ADDRESSES) {
          addresses.add(ListenAddress.parse(text));
        }
      } catch (OperatorException e) {
        LOG.debug("not an address: {}", text);
      }
    }
    return addresses;
  }
}
