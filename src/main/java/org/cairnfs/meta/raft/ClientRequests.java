package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.RaftClientReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftClientReplyProto.ExceptionDetailsCase;
import org.apache.ratis.proto.RaftProtos.RaftClientRequestProto;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.cairnfs.meta.raft.RaftMessages.Kind;
import org.jspecify.annotations.Nullable;

/** Several requests for the log that belong in this order: on the wire, and to the leader. */
final class ClientRequests {
  static ByteBuffer encode(List<RaftClientRequest> requests) {
    return RaftMessages.frame(
        Kind.CLIENT_REQUESTS.number(),
        requests.stream()
            .<MessageLite>map(ClientProtoUtils::toRaftClientRequestProto)
            .toList());
  }

  static List<RaftClientRequest> decode(ByteBuffer message) throws IOException {
    return understood(
        RaftMessages.readAll(RaftClientRequestProto.parser(), message),
        ClientProtoUtils::toRaftClientRequest);
  }

  static ByteBuffer encodeReplies(List<RaftClientReply> replies) {
    return RaftMessages.frame(
        Kind.CLIENT_REQUESTS.number(),
        replies.stream()
            .<MessageLite>map(ClientProtoUtils::toRaftClientReplyProto)
            .toList());
  }

  static List<RaftClientReply> decodeReplies(ByteBuffer message) throws IOException {
    if (RaftMessages.kind(message) != Kind.CLIENT_REQUESTS) {
      throw new IOException("not the answers to requests for the log");
    }
    List<RaftClientReplyProto> replies =
        RaftMessages.readAll(RaftClientReplyProto.parser(), message);
    // Nobody sends failures, and Ratis would read them as Java objects, of any class there is here.
    if (replies.stream().anyMatch(ClientRequests::tellsOfFailure)) {
      throw new IOException("an answer for the log that tells of a failure");
    }
    return understood(replies, ClientProtoUtils::toRaftClientReply);
  }

  private static boolean tellsOfFailure(RaftClientReplyProto reply) {
    return reply.getExceptionDetailsCase() != ExceptionDetailsCase.EXCEPTIONDETAILS_NOT_SET;
  }

  /** What the messages say. Ratis throws anything at those that say nothing that makes sense. */
  private static <P, T> List<T> understood(List<P> messages, Function<P, T> meaning)
      throws IOException {
    try {
      return messages.stream().map(meaning).toList();
    } catch (RuntimeException e) {
      throw new IOException("a message for the log that makes no sense", e);
    }
  }

  /**
   * Hands the requests to the leader's division one after the other, and no further one when an
   * earlier one has failed: it must not enter the log before that one.
   *
   * @return the replies, as many as there are before the first failure
   */
  static CompletableFuture<List<RaftClientReply>> submit(
      RaftClientAsynchronousProtocol division, List<RaftClientRequest> requests) {
    List<CompletableFuture<@Nullable RaftClientReply>> replies = new ArrayList<>();
    for (RaftClientRequest request : requests) {
      if (replies.stream().anyMatch(ClientRequests::hasFailed)) {
        break;
      }
      try {
        replies.add(division.submitClientRequestAsync(request).exceptionally(problem -> null));
      } catch (IOException e) {
        break;
      }
    }
    return CompletableFuture.allOf(replies.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> successes(replies));
  }

  private static boolean hasFailed(CompletableFuture<@Nullable RaftClientReply> reply) {
    return reply.isDone() && !isApplied(reply.join());
  }

  private static List<RaftClientReply> successes(
      List<CompletableFuture<@Nullable RaftClientReply>> replies) {
    List<RaftClientReply> successes = new ArrayList<>();
    for (CompletableFuture<@Nullable RaftClientReply> each : replies) {
      RaftClientReply reply = each.join();
      if (reply == null || !isApplied(reply)) {
        break;
      }
      successes.add(reply);
    }
    return successes;
  }

  /** Whether it says that the entry is in the log and was applied by the one that answered. */
  static boolean isApplied(@Nullable RaftClientReply reply) {
    return reply != null
        && reply.isSuccess()
        && reply.getMessage() != null
        && Replies.isApplied(reply.getMessage());
  }

  private ClientRequests() {}
}
