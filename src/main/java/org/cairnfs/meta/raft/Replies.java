package org.cairnfs.meta.raft;

import java.io.IOException;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/**
 * What the state machine answers to an entry: a byte that says whether it was applied, and the
 * store's reply.
 */
final class Replies {
  private static final byte APPLIED = 1;
  private static final byte FAILED = 0;

  static Message of(byte[] reply) {
    byte[] content = new byte[1 + reply.length];
    content[0] = APPLIED;
    System.arraycopy(reply, 0, content, 1, reply.length);
    return Message.valueOf(UnsafeByteOperations.unsafeWrap(content));
  }

  static Message failed() {
    return Message.valueOf(UnsafeByteOperations.unsafeWrap(new byte[] {FAILED}));
  }

  static boolean isApplied(Message message) {
    ByteString content = message.getContent();
    return !content.isEmpty() && content.byteAt(0) == APPLIED;
  }

  /**
   * The store's reply.
   *
   * @throws IOException if the entry was not applied
   */
  static byte[] read(Message message) throws IOException {
    if (!isApplied(message)) {
      throw new IOException("the entry could not be applied");
    }
    return message.getContent().substring(1).toByteArray();
  }

  private Replies() {}
}
