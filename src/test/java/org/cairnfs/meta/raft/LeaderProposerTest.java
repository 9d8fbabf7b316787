package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Requests reach the leader in the end, whatever becomes of the first attempts. */
final class LeaderProposerTest {
  private static final RaftPeerId SELF = RaftPeerId.valueOf("self");
  private static final RaftPeerId LEADER = RaftPeerId.valueOf("leader");
  private static final RaftGroupId GROUP = RaftGroupId.randomId();

  private final AtomicInteger attempts = new AtomicInteger();

  @Test
  void anAttemptThatThrowsIsFollowedByAnother() throws Exception {
    LeaderProposer proposer = proposer(new RaftWire() {
      @Override
      public CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit) {
        if (attempts.incrementAndGet() == 1) {
          throw new IllegalStateException("the network is not open");
        }
        RaftClientReply reply = RaftClientReply.newBuilder()
            .setRequest(request())
            .setSuccess()
            .setMessage(Message.valueOf("done"))
            .build();
        return CompletableFuture.completedFuture(ClientRequests.encodeReplies(List.of(reply)));
      }

      @Override
      public void receiver(@Nullable Receiver receiver) {}
    });
    RaftClientReply reply =
        proposer.propose(request(), new CompletableFuture<>()).get(10, TimeUnit.SECONDS);
    assertThat(reply.isSuccess()).isTrue();
    assertThat(attempts).hasValue(2);
  }

  private static LeaderProposer proposer(RaftWire wire) {
    return new LeaderProposer(
        request -> {
          throw new AssertionError("another node leads");
        },
        wire,
        SELF,
        () -> LEADER);
  }

  private static RaftClientRequest request() {
    return RaftClientRequest.newBuilder()
        .setClientId(ClientId.randomId())
        .setServerId(SELF)
        .setGroupId(GROUP)
        .setCallId(1)
        .setMessage(Message.valueOf("entry"))
        .setType(RaftClientRequest.writeRequestType())
        .build();
  }
}
