package org.cairnfs.meta;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.net.Role;

/** A {@link Member} as a row; its id is the key. */
final class MemberRecord {
  private static final int VERSION = 1;
  private static final int FIXED_BYTES = 1 + 1 + 1 + Long.BYTES + Long.BYTES + Integer.BYTES;
  private static final int LEAST_BYTES = FIXED_BYTES + 1 + 1;

  static byte[] encode(Member member) {
    byte[] zone = member.zone().getBytes(UTF_8);
    List<byte[]> addresses =
        member.addresses().stream().map(address -> address.getBytes(UTF_8)).toList();
    int addressBytes =
        addresses.stream().mapToInt(address -> Short.BYTES + address.length).sum();
    ByteBuffer out = ByteBuffer.allocate(LEAST_BYTES + zone.length + addressBytes)
        .put((byte) VERSION)
        .put((byte) roleNumber(member.role()))
        .put((byte) member.state().number())
        .putLong(member.capacityBytes())
        .putLong(member.joined().seconds())
        .putInt(member.joined().nanos())
        .put((byte) zone.length)
        .put(zone)
        .put((byte) addresses.size());
    addresses.forEach(address -> out.putShort((short) address.length).put(address));
    return out.array();
  }

  static Member decode(byte[] key, byte[] value) {
    ByteBuffer in = Records.open("member", value, VERSION, LEAST_BYTES);
    if (key.length != NodeId.SIZE_BYTES) {
      throw new CorruptMetadataException("a member's key of " + key.length + " bytes");
    }
    Role role = role(in.get());
    int stateNumber = in.get();
    MemberState state = MemberState.find(stateNumber);
    if (state == null) {
      throw new CorruptMetadataException("a member's state " + stateNumber);
    }
    long capacityBytes = in.getLong();
    Timestamp joined = Times.read(in);
    String zone = string(in, Records.length(in, Byte.BYTES));
    List<String> addresses = new ArrayList<>();
    for (int left = Records.length(in, Byte.BYTES); left > 0; left--) {
      addresses.add(string(in, Records.length(in, Short.BYTES)));
    }
    Records.requireEnd("member", in);
    return new Member(NodeId.of(key), role, addresses, zone, capacityBytes, state, joined);
  }

  private static String string(ByteBuffer in, int lengthBytes) {
    if (in.remaining() < lengthBytes) {
      throw new CorruptMetadataException("member record cut short");
    }
    byte[] bytes = new byte[lengthBytes];
    in.get(bytes);
    return new String(bytes, UTF_8);
  }

  /** In records and operations, and in the peers' handshake. */
  static int roleNumber(Role role) {
    return switch (role) {
      case MEMBER -> 1;
      case STORAGE -> 2;
    };
  }

  static Role role(int number) {
    return switch (number) {
      case 1 -> Role.MEMBER;
      case 2 -> Role.STORAGE;
      default -> throw new CorruptMetadataException("a role " + number);
    };
  }

  private MemberRecord() {}
}
