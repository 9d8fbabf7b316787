package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftClientReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StateMachineExceptionProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.cairnfs.meta.raft.RaftMessages.Kind;
import org.junit.jupiter.api.Test;

/** Whatever a peer sends as a message of Raft is one, or refused. */
final class RaftMessagesTest {
  private static final List<Parser<?>> PARSERS = List.of(
      RequestVoteRequestProto.parser(),
      AppendEntriesRequestProto.parser(),
      InstallSnapshotRequestProto.parser());

  private static RaftClientRequest request(long call) {
    return RaftClientRequest.newBuilder()
        .setClientId(ClientId.valueOf(new UUID(1, 2)))
        .setServerId(RaftPeerId.valueOf("a"))
        .setGroupId(RaftGroupId.valueOf(new UUID(3, 4)))
        .setCallId(call)
        .setMessage(Message.valueOf(ByteString.copyFromUtf8("entry")))
        .setType(RaftClientRequest.writeRequestType())
        .build();
  }

  private static ByteBuffer requests() {
    return ClientRequests.encode(List.of(request(7), request(8)));
  }

  @Test
  void theBytesAroundRequestsArePinned() throws IOException {
    byte[] bytes = requests().array();
    int length = (bytes.length - 9) / 2;

    assertThat(HexFormat.of().formatHex(bytes, 0, 5)).isEqualTo("06" + "%08x".formatted(length));
    assertThat(HexFormat.of().formatHex(bytes, 5 + length, 9 + length))
        .isEqualTo("%08x".formatted(length));
    ByteBuffer message = requests();
    assertThat(RaftMessages.kind(message)).isEqualTo(Kind.CLIENT_REQUESTS);
    assertThat(ClientRequests.decode(message))
        .extracting(RaftClientRequest::getCallId)
        .containsExactly(7L, 8L);
  }

  /** Says that somebody read it as a Java object. */
  private static final class Canary implements Serializable {
    private static final long serialVersionUID = 1;
    private static boolean isRead;

    private void readObject(ObjectInputStream in) {
      isRead = in != null;
    }
  }

  /** As a storage node might that leads: who reads Java objects of others runs what they want. */
  @Test
  void anAnswerWithAJavaObjectIsRefusedUnread() throws IOException {
    ByteString.Output canary = ByteString.newOutput();
    try (ObjectOutputStream out = new ObjectOutputStream(canary)) {
      out.writeObject(new Canary());
    }
    RaftClientReplyProto reply = RaftClientReplyProto.newBuilder()
        .setRpcReply(RaftRpcReplyProto.newBuilder()
            .setRequestorId(ByteString.copyFrom(new byte[16]))
            .setReplyId(ByteString.copyFromUtf8("a"))
            .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(ByteString.copyFrom(new byte[16])))
            .setSuccess(true))
        .setStateMachineException(
            StateMachineExceptionProto.newBuilder().setStacktrace(canary.toByteString()))
        .build();
    ByteBuffer message = RaftMessages.frame(Kind.CLIENT_REQUESTS.number(), List.of(reply));

    assertThatThrownBy(() -> ClientRequests.decodeReplies(message))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tells of a failure");
    assertThat(Canary.isRead).isFalse();
  }

  @Property(tries = 500)
  void anyBytesAreMessagesOrRefused(@ForAll @Size(max = 80) byte[] bytes) {
    read(ByteBuffer.wrap(bytes));
  }

  @Property(tries = 500)
  void damagedRequestsAreOthersOrRefused(
      @ForAll @IntRange(max = 120) int position, @ForAll byte value) {
    ByteBuffer message = requests();
    read(message.put(1 + position % (message.limit() - 1), value).position(1).slice());
  }

  @Property(tries = 100)
  void requestsThatWereCutAreRefused(@ForAll @IntRange(min = 1, max = 120) int kept) {
    ByteBuffer message = requests();
    int length = (message.limit() - 9) / 2;
    message.limit(Math.min(kept, message.limit() - 1)).position(1);
    if (message.limit() != 1 && message.limit() != 5 + length) {
      assertThatThrownBy(() -> ClientRequests.decode(message)).isInstanceOf(IOException.class);
    }
  }

  /** Fails if something else is thrown than what says that this is no message. */
  private static void read(ByteBuffer message) {
    try {
      assertThat(ClientRequests.decode(message.duplicate())).isNotNull();
    } catch (IOException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
    try {
      assertThat(ClientRequests.decodeReplies(message.duplicate())).isNotNull();
    } catch (IOException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
    for (Parser<?> parser : PARSERS) {
      try {
        assertThat(RaftMessages.read(parser, message.duplicate())).isNotNull();
      } catch (IOException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
  }
}
