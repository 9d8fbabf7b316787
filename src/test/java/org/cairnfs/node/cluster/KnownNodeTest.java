package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.Member;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.PeerMember;

/** What a node is believed to have said of another. */
final class KnownNodeTest {
  @Property(tries = 500)
  void whateverIsSaidIsUnderstoodOrNot(
      @ForAll @Size(max = 40) byte[] id,
      @ForAll int role,
      @ForAll @Size(max = 40) List<String> addresses) {
    read(PeerMember.newBuilder()
        .setNodeId(ByteString.copyFrom(id))
        .setRoleValue(role)
        .addAllAddresses(addresses)
        .build());
    read(PeerMember.newBuilder()
        .setNodeId(ByteString.copyFrom(new byte[NodeId.SIZE_BYTES]))
        .setRoleValue(1 + Math.floorMod(role, 2))
        .addAllAddresses(addresses)
        .addAllAddresses(Collections.nCopies(40, "host:1"))
        .build());
  }

  @Property(tries = 500)
  void anyBytesAreADescriptionOrNot(@ForAll @Size(max = 80) byte[] bytes) {
    try {
      read(PeerMember.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  private static void read(PeerMember message) {
    try {
      KnownNode node = KnownNode.decode(message);
      assertThat(node.addresses()).hasSizeLessThanOrEqualTo(Member.MAX_ADDRESSES);
      assertThat(node.encode().getNodeId()).isEqualTo(message.getNodeId());
    } catch (OperatorException e) {
      assertThat(e.remedy()).isNotEmpty();
    }
  }
}
