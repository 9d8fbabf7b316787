package org.cairnfs.meta;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.AddFounder;
import org.cairnfs.proto.AddInvite;
import org.cairnfs.proto.JoinCluster;
import org.cairnfs.proto.MemberDetails;
import org.cairnfs.proto.MemberInfo;
import org.cairnfs.proto.SetReplication;
import org.cairnfs.proto.UpdateMember;
import org.jspecify.annotations.Nullable;

/**
 * Operations about who belongs to the cluster, and how many of them keep each blob. Never
 * speculated on.
 */
final class MemberOps {
  /** An expired invite is still told from one that never was, for so long. */
  static final long EXPIRED_KEPT_SECONDS = 7L * 24 * 60 * 60;

  private final MetaView view;

  MemberOps(MetaView view) {
    this.view = view;
  }

  MetaResult addFounder(AddFounder op) {
    if (!isValid(op.getMember())) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (!Members.read(view).isEmpty()) {
      return MetaResult.failed(Errno.EEXIST);
    }
    put(member(op.getMember()));
    return MetaResult.DONE;
  }

  MetaResult join(JoinCluster op) {
    MemberInfo info = op.getMember();
    if (!isValid(info) || op.getSecretHash().size() != Invite.HASH_BYTES) {
      return MetaResult.failed(Errno.EINVAL);
    }
    byte[] key = op.getSecretHash().toByteArray();
    byte[] value = view.get(MetaTable.INVITE, key);
    if (value == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    Invite invite = InviteRecord.decode(key, value);
    if (Times.decode(op.getNow()).compareTo(invite.expires()) >= 0) {
      return MetaResult.failed(Errno.ETIMEDOUT);
    }
    Member known = find(info.getNodeId());
    if (known != null) {
      // Asked again by a node that has not heard the answer: before the uses, which it took.
      return MetaResult.failed(known.belongs() ? Errno.EEXIST : Errno.EACCES);
    }
    if (invite.uses() <= 0) {
      return MetaResult.failed(Errno.EDQUOT);
    }
    if (info.getRole() != MemberRecord.roleNumber(invite.role())) {
      return MetaResult.failed(Errno.EINVAL);
    }
    put(member(info));
    Invite used =
        new Invite(invite.secretHash(), invite.role(), invite.expires(), invite.uses() - 1);
    view.put(MetaTable.INVITE, key, InviteRecord.encode(used));
    return MetaResult.DONE;
  }

  MetaResult update(UpdateMember op) {
    Member known = find(op.getNodeId());
    if (known == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    if (!known.belongs()) {
      return MetaResult.failed(Errno.EACCES);
    }
    MemberState state = op.getState() == 0 ? known.state() : MemberState.find(op.getState());
    MemberDetails details = op.hasDetails() ? op.getDetails() : MemberMessages.details(known);
    if (state == null || !isValid(details)) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (state == MemberState.REMOVED && isLast(known.id())) {
      return MetaResult.failed(Errno.EBUSY);
    }
    put(new Member(
        known.id(),
        known.role(),
        details.getAddressesList(),
        details.getZone(),
        details.getCapacityBytes(),
        state,
        known.joined()));
    return MetaResult.DONE;
  }

  /** Somebody must be left who holds the metadata. */
  private boolean isLast(NodeId leaving) {
    return Members.read(view).stream()
        .noneMatch(member -> member.belongs() && !member.id().equals(leaving));
  }

  MetaResult addInvite(AddInvite op) {
    if (op.getSecretHash().size() != Invite.HASH_BYTES
        || op.getUses() <= 0
        || !isRole(op.getRole())) {
      return MetaResult.failed(Errno.EINVAL);
    }
    byte[] key = op.getSecretHash().toByteArray();
    if (view.get(MetaTable.INVITE, key) != null) {
      return MetaResult.failed(Errno.EEXIST);
    }
    dropExpired(op.getNow().getSeconds() - EXPIRED_KEPT_SECONDS);
    Invite invite = new Invite(
        new Bytes(key),
        MemberRecord.role(op.getRole()),
        Times.decode(op.getExpires()),
        op.getUses());
    view.put(MetaTable.INVITE, key, InviteRecord.encode(invite));
    return MetaResult.DONE;
  }

  private void dropExpired(long second) {
    List<byte[]> dropped = new ArrayList<>();
    view.scan(MetaTable.INVITE, Keys.FIRST, Keys.END_OF_HASHES, Integer.MAX_VALUE, (key, value) -> {
      if (InviteRecord.decode(key, value).expires().seconds() < second) {
        dropped.add(key);
      }
      return true;
    });
    dropped.forEach(key -> view.delete(MetaTable.INVITE, key));
  }

  MetaResult setReplication(SetReplication op) {
    Replication present = ReplicationRecord.read(view);
    int replicas = op.hasReplicas() ? op.getReplicas() : present.replicas();
    int writeQuorum = op.hasWriteQuorum() ? op.getWriteQuorum() : present.writeQuorum();
    if (!Replication.isValid(replicas, writeQuorum)) {
      return MetaResult.failed(Errno.EINVAL);
    }
    byte[] row = ReplicationRecord.encode(new Replication(replicas, writeQuorum));
    view.put(MetaTable.SYSTEM, Keys.REPLICATION, row);
    return MetaResult.DONE;
  }

  private @Nullable Member find(ByteString id) {
    byte[] key = id.toByteArray();
    byte[] value = view.get(MetaTable.MEMBER, key);
    return value == null ? null : MemberRecord.decode(key, value);
  }

  private void put(Member member) {
    view.put(MetaTable.MEMBER, member.id().toBytes(), MemberRecord.encode(member));
  }

  private static Member member(MemberInfo info) {
    MemberDetails details = info.getDetails();
    Timestamp joined = Times.decode(info.getJoined());
    return new Member(
        NodeId.of(info.getNodeId().toByteArray()),
        MemberRecord.role(info.getRole()),
        details.getAddressesList(),
        details.getZone(),
        details.getCapacityBytes(),
        MemberState.ACTIVE,
        joined);
  }

  private static boolean isValid(MemberInfo info) {
    return info.getNodeId().size() == NodeId.SIZE_BYTES
        && isRole(info.getRole())
        && isValid(info.getDetails());
  }

  private static boolean isRole(int number) {
    return number == 1 || number == 2;
  }

  private static boolean isValid(MemberDetails details) {
    return details.getAddressesCount() <= Member.MAX_ADDRESSES
        && details.getAddressesList().stream()
            .allMatch(address -> address.getBytes(UTF_8).length <= Member.ADDRESS_MAX_BYTES)
        && details.getZone().getBytes(UTF_8).length <= Member.ZONE_MAX_BYTES
        && details.getCapacityBytes() >= 0;
  }
}
