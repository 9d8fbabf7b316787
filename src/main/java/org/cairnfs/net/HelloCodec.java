package org.cairnfs.net;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import org.cairnfs.core.NodeId;
import org.cairnfs.proto.PeerChannel;
import org.cairnfs.proto.PeerHello;
import org.cairnfs.proto.PeerRole;

/**
 * The payload of a HELLO frame: magic, the newest and the oldest version of the protocol that the
 * sender speaks, and the message. Magic and versions stay where they are in all versions.
 */
final class HelloCodec {
  /** "CRNP". */
  static final int MAGIC = 0x43524e50;

  /** The version this code speaks, and the only one. */
  static final int VERSION = 4;

  static final int PREFIX_BYTES = Integer.BYTES + Short.BYTES + Short.BYTES;
  private static final int UUID_BYTES = 16;

  /** The versions that the sender of a hello speaks. */
  record Versions(int newest, int oldest) {
    boolean include(int version) {
      return oldest <= version && version <= newest;
    }
  }

  static byte[] encode(Hello hello) {
    PeerHello.Builder message = PeerHello.newBuilder()
        .setClusterId(ByteString.copyFrom(bytes(hello.cluster())))
        .setNodeId(ByteString.copyFrom(hello.node().toBytes()))
        .setFeatures(hello.features())
        .setChannel(toWire(hello.channel()))
        .setSoftwareBytes(
            ByteString.copyFrom(Frames.cut(hello.software(), NetLimits.SOFTWARE_MAX_BYTES)));
    hello.roles().stream().sorted().map(HelloCodec::toWire).forEach(message::addRoles);
    byte[] body = message.build().toByteArray();
    return ByteBuffer.allocate(PREFIX_BYTES + body.length)
        .putInt(MAGIC)
        .putShort((short) VERSION)
        .putShort((short) VERSION)
        .put(body)
        .array();
  }

  /**
   * Reads a peer's hello, and sees that the two can talk, and are of the same cluster.
   *
   * @param proven who the peer is
   * @throws PeerException if not, saying why
   * @throws ProtocolViolation if this is no hello
   */
  static Hello read(ByteBuf payload, NodeId proven, UUID cluster)
      throws PeerException, ProtocolViolation {
    Versions versions = versions(payload);
    if (!versions.include(VERSION)) {
      throw PeerException.refused(
          FailureCode.WRONG_VERSION,
          "%s speaks versions %d to %d of the protocol, this node version %d"
              .formatted(proven, versions.oldest(), versions.newest(), VERSION));
    }
    Hello hello = body(payload);
    if (!hello.node().equals(proven)) {
      throw PeerException.refused(
          FailureCode.WRONG_IDENTITY, proven + " says it is " + hello.node());
    }
    if (!hello.cluster().equals(cluster)) {
      throw PeerException.refused(
          FailureCode.WRONG_CLUSTER,
          proven + " belongs to cluster " + hello.cluster() + ", this node to " + cluster);
    }
    return hello;
  }

  /**
   * Reads what does not change between versions and leaves the reader index behind it.
   *
   * @throws ProtocolViolation if this is no hello at all
   */
  static Versions versions(ByteBuf payload) throws ProtocolViolation {
    if (payload.readableBytes() < PREFIX_BYTES) {
      throw new ProtocolViolation("a hello is too short");
    }
    if (payload.readInt() != MAGIC) {
      throw new ProtocolViolation("the first frame is not a hello of Cairn");
    }
    int newest = payload.readUnsignedShort();
    int oldest = payload.readUnsignedShort();
    if (oldest > newest || oldest == 0) {
      throw new ProtocolViolation("versions from " + oldest + " to " + newest);
    }
    return new Versions(newest, oldest);
  }

  /** Reads the rest of a hello of {@link #VERSION}. */
  static Hello body(ByteBuf payload) throws ProtocolViolation {
    PeerHello message;
    try {
      message = PeerHello.parseFrom(payload.nioBuffer());
    } catch (InvalidProtocolBufferException e) {
      throw new ProtocolViolation("a hello cannot be read: " + e.getMessage());
    }
    if (message.getClusterId().size() != UUID_BYTES) {
      throw new ProtocolViolation("a cluster id of " + message.getClusterId().size() + " bytes");
    }
    if (message.getNodeId().size() != NodeId.SIZE_BYTES) {
      throw new ProtocolViolation("a node id of " + message.getNodeId().size() + " bytes");
    }
    if (message.getSoftwareBytes().size() > NetLimits.SOFTWARE_MAX_BYTES) {
      throw new ProtocolViolation("a name of the software that is too long");
    }
    return new Hello(
        uuid(message.getClusterId().asReadOnlyByteBuffer()),
        NodeId.of(message.getNodeId().toByteArray()),
        roles(message),
        message.getFeatures(),
        channel(message.getChannel()),
        Frames.printable(message.getSoftware()));
  }

  private static Set<Role> roles(PeerHello message) throws ProtocolViolation {
    if (message.getRolesCount() > NetLimits.ROLES_MAX) {
      throw new ProtocolViolation(message.getRolesCount() + " roles");
    }
    Set<Role> roles = EnumSet.noneOf(Role.class);
    for (PeerRole role : message.getRolesList()) {
      switch (role) {
        case PEER_ROLE_MEMBER -> roles.add(Role.MEMBER);
        case PEER_ROLE_STORAGE -> roles.add(Role.STORAGE);
        case PEER_ROLE_UNSPECIFIED, UNRECOGNIZED -> throw new ProtocolViolation("an unknown role");
      }
    }
    return roles;
  }

  private static ChannelKind channel(PeerChannel channel) throws ProtocolViolation {
    return switch (channel) {
      case PEER_CHANNEL_CONTROL -> ChannelKind.CONTROL;
      case PEER_CHANNEL_BULK -> ChannelKind.BULK;
      case PEER_CHANNEL_UNSPECIFIED, UNRECOGNIZED ->
        throw new ProtocolViolation("an unknown kind of channel");
    };
  }

  private static PeerRole toWire(Role role) {
    return switch (role) {
      case MEMBER -> PeerRole.PEER_ROLE_MEMBER;
      case STORAGE -> PeerRole.PEER_ROLE_STORAGE;
    };
  }

  private static PeerChannel toWire(ChannelKind channel) {
    return switch (channel) {
      case CONTROL -> PeerChannel.PEER_CHANNEL_CONTROL;
      case BULK -> PeerChannel.PEER_CHANNEL_BULK;
    };
  }

  private static byte[] bytes(UUID id) {
    return ByteBuffer.allocate(UUID_BYTES)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array();
  }

  private static UUID uuid(ByteBuffer bytes) {
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  private HelloCodec() {}
}
