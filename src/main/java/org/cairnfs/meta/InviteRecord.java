package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Timestamp;
import org.cairnfs.net.Role;

/** An {@link Invite} as a row; the secret's hash is the key. */
final class InviteRecord {
  private static final int VERSION = 1;
  private static final int SIZE_BYTES = 1 + 1 + Long.BYTES + Integer.BYTES + Integer.BYTES;

  static byte[] encode(Invite invite) {
    return ByteBuffer.allocate(SIZE_BYTES)
        .put((byte) VERSION)
        .put((byte) MemberRecord.roleNumber(invite.role()))
        .putLong(invite.expires().seconds())
        .putInt(invite.expires().nanos())
        .putInt(invite.uses())
        .array();
  }

  static Invite decode(byte[] key, byte[] value) {
    ByteBuffer in = Records.open("invite", value, VERSION, SIZE_BYTES);
    Role role = MemberRecord.role(in.get());
    Timestamp expires = Times.read(in);
    int uses = in.getInt();
    Records.requireEnd("invite", in);
    return new Invite(new Bytes(key), role, expires, uses);
  }

  private InviteRecord() {}
}
