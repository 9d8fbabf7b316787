package org.cairnfs.meta;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.AddFounder;
import org.cairnfs.proto.AddInvite;
import org.cairnfs.proto.JoinCluster;
import org.cairnfs.proto.MemberDetails;
import org.cairnfs.proto.MemberInfo;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.SetReplication;
import org.cairnfs.proto.UpdateMember;
import org.jspecify.annotations.Nullable;

/** Makes the operations about members, invites, and the copies that they keep. */
final class MemberMessages {
  static MetaOp addFounder(Member member) {
    return MetaOp.newBuilder()
        .setAddFounder(AddFounder.newBuilder().setMember(info(member)))
        .build();
  }

  static MetaOp join(Bytes secretHash, Timestamp now, Member member) {
    JoinCluster op = JoinCluster.newBuilder()
        .setSecretHash(UnsafeByteOperations.unsafeWrap(secretHash.array()))
        .setNow(Times.encode(now))
        .setMember(info(member))
        .build();
    return MetaOp.newBuilder().setJoinCluster(op).build();
  }

  static MetaOp updateDetails(
      NodeId node, List<String> addresses, String zone, long capacityBytes) {
    UpdateMember op = UpdateMember.newBuilder()
        .setNodeId(id(node))
        .setDetails(details(addresses, zone, capacityBytes))
        .build();
    return MetaOp.newBuilder().setUpdateMember(op).build();
  }

  static MetaOp setState(NodeId node, MemberState state) {
    UpdateMember op =
        UpdateMember.newBuilder().setNodeId(id(node)).setState(state.number()).build();
    return MetaOp.newBuilder().setUpdateMember(op).build();
  }

  static MetaOp addInvite(Invite invite, Timestamp now) {
    AddInvite op = AddInvite.newBuilder()
        .setSecretHash(UnsafeByteOperations.unsafeWrap(invite.secretHash().array()))
        .setRole(MemberRecord.roleNumber(invite.role()))
        .setExpires(Times.encode(invite.expires()))
        .setUses(invite.uses())
        .setNow(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setAddInvite(op).build();
  }

  /** What is null stays as it is. */
  static MetaOp setReplication(@Nullable Integer replicas, @Nullable Integer writeQuorum) {
    SetReplication.Builder op = SetReplication.newBuilder();
    if (replicas != null) {
      op.setReplicas(replicas);
    }
    if (writeQuorum != null) {
      op.setWriteQuorum(writeQuorum);
    }
    return MetaOp.newBuilder().setSetReplication(op).build();
  }

  static MemberDetails details(Member member) {
    return details(member.addresses(), member.zone(), member.capacityBytes());
  }

  private static MemberDetails details(List<String> addresses, String zone, long capacityBytes) {
    return MemberDetails.newBuilder()
        .addAllAddresses(addresses)
        .setZone(zone)
        .setCapacityBytes(capacityBytes)
        .build();
  }

  private static MemberInfo info(Member member) {
    return MemberInfo.newBuilder()
        .setNodeId(id(member.id()))
        .setRole(MemberRecord.roleNumber(member.role()))
        .setDetails(details(member))
        .setJoined(Times.encode(member.joined()))
        .build();
  }

  private static ByteString id(NodeId node) {
    return UnsafeByteOperations.unsafeWrap(node.toBytes());
  }

  private MemberMessages() {}
}
