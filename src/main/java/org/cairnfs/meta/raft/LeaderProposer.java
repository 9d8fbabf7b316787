package org.cairnfs.meta.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.RaftClientReplyProto;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.RaftServer;
import org.cairnfs.meta.raft.RaftMessages.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Hands requests to the group's leader, wherever it is, one after the other in order, and again
 * until one has answered or this is closed. A request that was carried out and asked again is
 * answered from Ratis's retry cache, by client and call. Thread-safe.
 */
final class LeaderProposer {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** Between attempts while there is no leader: well below an election. */
  private static final long RETRY_MILLIS = 50;

  private final RaftServer server;
  private final RaftPeers peers;
  private final RaftPeerId self;
  private final Executor later =
      CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS);

  /** Guarded by this: done when the last request is. */
  private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

  private volatile boolean closed;

  /** Where the next attempt goes. */
  private volatile RaftPeerId leader;

  LeaderProposer(RaftServer server, RaftPeers peers) {
    this.server = server;
    this.peers = peers;
    this.self = server.getId();
    this.leader = self;
  }

  /** The leader's answer; the request's server is replaced by the leader. */
  synchronized CompletableFuture<RaftClientReply> propose(RaftClientRequest request) {
    CompletableFuture<RaftClientReply> reply = new CompletableFuture<>();
    var unused = last.whenComplete((result, problem) -> attempt(request, reply));
    last = reply;
    return reply;
  }

  private void attempt(RaftClientRequest request, CompletableFuture<RaftClientReply> answer) {
    if (closed) {
      answer.completeExceptionally(new IOException("the metadata log is closed"));
      return;
    }
    RaftPeerId to = leader;
    var unused = send(request, to).whenComplete((reply, problem) -> {
      if (reply != null && (reply.isSuccess() || isFinal(reply))) {
        answer.complete(reply);
      } else {
        leader = next(to, reply);
        later.execute(() -> attempt(request, answer));
      }
    });
  }

  /** Whether another attempt would have the same answer. */
  private static boolean isFinal(RaftClientReply reply) {
    return reply.getStateMachineException() != null;
  }

  /** The leader that was named, or else the next voter in turn. */
  private RaftPeerId next(RaftPeerId asked, @Nullable RaftClientReply reply) {
    NotLeaderException elsewhere = reply == null ? null : reply.getNotLeaderException();
    RaftPeer named = elsewhere == null ? null : elsewhere.getSuggestedLeader();
    if (named != null) {
      return named.getId();
    }
    int index = peers.voters().indexOf(asked.toString());
    return RaftPeerId.valueOf(peers.voters().get((index + 1) % peers.voters().size()));
  }

  private CompletableFuture<RaftClientReply> send(RaftClientRequest request, RaftPeerId to) {
    RaftClientRequest addressed = RaftClientRequest.newBuilder()
        .setClientId(request.getClientId())
        .setServerId(to)
        .setGroupId(request.getRaftGroupId())
        .setCallId(request.getCallId())
        .setMessage(request.getMessage())
        .setType(request.getType())
        .build();
    if (to.equals(self)) {
      try {
        return server.submitClientRequestAsync(addressed);
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
    return peers
        .wire()
        .send(
            to.toString(),
            RaftMessages.encode(
                Kind.CLIENT_REQUEST, ClientProtoUtils.toRaftClientRequestProto(addressed)),
            LIMIT)
        .thenCompose(reply -> {
          try {
            return CompletableFuture.completedFuture(ClientProtoUtils.toRaftClientReply(
                RaftMessages.read(RaftClientReplyProto.parser(), reply)));
          } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
          }
        });
  }

  /** No further attempts. */
  void close() {
    closed = true;
  }
}
