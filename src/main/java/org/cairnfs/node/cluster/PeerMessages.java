package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.Role;
import org.cairnfs.proto.PeerRole;

/** The messages of this package; docs/protocol.md has them. And how ids and roles look there. */
final class PeerMessages {
  static final MessageType JOIN = new MessageType(48, "join", ChannelKind.CONTROL);
  static final MessageType HEARTBEAT = new MessageType(49, "heartbeat", ChannelKind.CONTROL);

  static final int UUID_BYTES = 16;

  static ByteString encode(UUID id) {
    return ByteString.copyFrom(ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .flip());
  }

  /** The id in 16 bytes. */
  static UUID uuid(ByteString bytes) {
    ByteBuffer in = bytes.asReadOnlyByteBuffer();
    return new UUID(in.getLong(), in.getLong());
  }

  static PeerRole encode(Role role) {
    return switch (role) {
      case MEMBER -> PeerRole.PEER_ROLE_MEMBER;
      case STORAGE -> PeerRole.PEER_ROLE_STORAGE;
    };
  }

  /**
   * What the message says.
   *
   * @throws IllegalArgumentException if it says nothing that is known here
   */
  static Role role(PeerRole role) {
    return switch (role) {
      case PEER_ROLE_MEMBER -> Role.MEMBER;
      case PEER_ROLE_STORAGE -> Role.STORAGE;
      default -> throw new IllegalArgumentException("unknown role " + role);
    };
  }

  private PeerMessages() {}
}
