package org.cairnfs.meta.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;

/**
 * Hands requests to the group's leader, wherever it is, in order, and again until one has answered
 * or this is closed: all that wait go together, and the next ones once those are answered. So an
 * entry never enters the log before an earlier one. A request that was carried out and asked again
 * is answered from Ratis's retry cache, by client and call. Thread-safe.
 */
final class LeaderProposer {
  /** For the leader's answer: a leader whose disk is slow is asked again. */
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** Between attempts while there is no leader: well below an election. */
  private static final long RETRY_MILLIS = 20;

  /** One message carries so much, or one request. */
  private static final long BATCH_BYTES = 4L << 20;

  private static final int BATCH_REQUESTS = 64;

  private final RaftClientAsynchronousProtocol division;
  private final RaftWire wire;
  private final RaftPeerId self;
  private final Supplier<@Nullable RaftPeerId> leader;
  private final Executor later =
      CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS);

  /** @param wanted done when nobody waits for it any more */
  private record Call(
      RaftClientRequest request,
      CompletableFuture<?> wanted,
      CompletableFuture<RaftClientReply> reply) {}

  /** Guarded by this, as is everything below: not answered, oldest first. */
  private final Deque<Call> calls = new ArrayDeque<>();

  private boolean busy;
  private boolean closed;

  /** @param leader who leads, as far as is known here */
  LeaderProposer(
      RaftClientAsynchronousProtocol division,
      RaftWire wire,
      RaftPeerId self,
      Supplier<@Nullable RaftPeerId> leader) {
    this.division = division;
    this.wire = wire;
    this.self = self;
    this.leader = leader;
  }

  /**
   * The leader's answer; the request's server is replaced by the leader.
   *
   * @param wanted once it is done, there is no further attempt
   */
  CompletableFuture<RaftClientReply> propose(
      RaftClientRequest request, CompletableFuture<?> wanted) {
    Call call = new Call(request, wanted, new CompletableFuture<>());
    synchronized (this) {
      if (closed) {
        return CompletableFuture.failedFuture(new IOException("the metadata log is closed"));
      }
      calls.add(call);
      if (busy) {
        return call.reply();
      }
      busy = true;
    }
    attempt();
    return call.reply();
  }

  /** Sends what waits. Called by whoever set {@link #busy}. */
  private void attempt() {
    List<Call> batch;
    synchronized (this) {
      calls.removeIf(call -> call.wanted().isDone());
      batch = batch();
      if (batch.isEmpty() || closed) {
        busy = false;
        return;
      }
    }
    RaftPeerId to = leader.get();
    if (to == null) {
      later.execute(this::attempt);
      return;
    }
    List<RaftClientRequest> requests =
        batch.stream().map(call -> addressed(call.request(), to)).toList();
    // What is thrown must not keep this busy for ever: it is a failure like others.
    var unused = CompletableFuture.completedFuture(requests)
        .thenCompose(all -> send(all, to))
        .whenComplete((replies, problem) -> answered(batch, replies == null ? List.of() : replies));
  }

  private List<Call> batch() {
    List<Call> batch = new ArrayList<>();
    long bytes = 0;
    for (Call call : calls) {
      bytes += call.request().getMessage().size();
      if (!batch.isEmpty() && (bytes > BATCH_BYTES || batch.size() >= BATCH_REQUESTS)) {
        break;
      }
      batch.add(call);
    }
    return batch;
  }

  private void answered(List<Call> batch, List<RaftClientReply> replies) {
    int done = Math.min(batch.size(), replies.size());
    synchronized (this) {
      calls.removeAll(batch.subList(0, done));
    }
    for (int i = 0; i < done; i++) {
      var unused = batch.get(i).reply().complete(replies.get(i));
    }
    if (done == batch.size()) {
      attempt();
    } else {
      later.execute(this::attempt);
    }
  }

  private static RaftClientRequest addressed(RaftClientRequest request, RaftPeerId to) {
    return RaftClientRequest.newBuilder()
        .setClientId(request.getClientId())
        .setServerId(to)
        .setGroupId(request.getRaftGroupId())
        .setCallId(request.getCallId())
        .setMessage(request.getMessage())
        .setType(request.getType())
        .build();
  }

  private CompletableFuture<List<RaftClientReply>> send(
      List<RaftClientRequest> requests, RaftPeerId to) {
    if (to.equals(self)) {
      return ClientRequests.submit(division, requests);
    }
    return wire.send(to.toString(), ClientRequests.encode(requests), LIMIT).thenCompose(reply -> {
      try {
        return CompletableFuture.completedFuture(ClientRequests.decodeReplies(reply));
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    });
  }

  /** No further attempts; what waits fails. */
  void close() {
    List<Call> refused;
    synchronized (this) {
      closed = true;
      refused = List.copyOf(calls);
      calls.clear();
    }
    IOException reason = new IOException("the metadata log is closed");
    refused.forEach(call -> call.reply().completeExceptionally(reason));
  }
}
