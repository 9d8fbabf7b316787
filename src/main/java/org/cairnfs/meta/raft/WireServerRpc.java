package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.cairnfs.meta.raft.RaftMessages.Kind;

/**
 * Server RPC over a {@link RaftWire}, both ways. Peers are named, not addressed: where they are is
 * the wire's business. Thread-safe.
 */
final class WireServerRpc implements RaftServerRpc, RaftServerAsynchronousProtocol {
  /** A peer that takes longer is asked again. */
  static final Duration LIMIT = Duration.ofSeconds(3);

  /** Requests with entries that wait for the disk; a leader sends one more each time it is late. */
  static final int APPENDS_MAX = 4;

  /** Shown in Ratis's log only. */
  private static final InetSocketAddress NOWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final RaftServer server;
  private final RaftWire wire;

  /** Done when the entries that came last are on stable storage, or it failed; never fails. */
  private final AtomicReference<CompletableFuture<Void>> appending =
      new AtomicReference<>(CompletableFuture.completedFuture(null));

  private final AtomicInteger appends = new AtomicInteger();

  /** Where the shortest log of a leader began that told this node to fetch the rows. */
  private final AtomicLong latestBegin = new AtomicLong();

  WireServerRpc(RaftServer server, RaftWire wire) {
    this.server = server;
    this.wire = wire;
  }

  @Override
  public RpcType getRpcType() {
    return new WireRpcType();
  }

  @Override
  public void start() {
    wire.receiver(this::receive);
  }

  @Override
  public void close() {
    wire.receiver(null);
  }

  @Override
  public InetSocketAddress getInetSocketAddress() {
    return NOWHERE;
  }

  @Override
  public void addRaftPeers(Collection<RaftPeer> peers) {}

  @Override
  public void handleException(RaftPeerId serverId, Exception e, boolean reconnect) {}

  @Override
  public RaftServerAsynchronousProtocol async() {
    return this;
  }

  private CompletableFuture<ByteBuffer> receive(String from, ByteBuffer message)
      throws IOException {
    return switch (RaftMessages.kind(message)) {
      case REQUEST_VOTE -> {
        RequestVoteRequestProto request =
            RaftMessages.read(RequestVoteRequestProto.parser(), message);
        check(from, request.getServerRequest());
        yield done(server.requestVote(request));
      }
      case APPEND_ENTRIES -> {
        AppendEntriesRequestProto request =
            RaftMessages.read(AppendEntriesRequestProto.parser(), message);
        check(from, request.getServerRequest());
        yield append(request).thenApply(WireServerRpc::bytes);
      }
      case INSTALL_SNAPSHOT -> {
        InstallSnapshotRequestProto request =
            RaftMessages.read(InstallSnapshotRequestProto.parser(), message);
        check(from, request.getServerRequest());
        requireWritten();
        yield done(server.installSnapshot(withLatestBegin(request)));
      }
      case START_LEADER_ELECTION -> {
        StartLeaderElectionRequestProto request =
            RaftMessages.read(StartLeaderElectionRequestProto.parser(), message);
        check(from, request.getServerRequest());
        yield done(server.startLeaderElection(request));
      }
      case READ_INDEX -> {
        ReadIndexRequestProto request = RaftMessages.read(ReadIndexRequestProto.parser(), message);
        check(from, request.getServerRequest());
        yield server.readIndexAsync(request).thenApply(WireServerRpc::bytes);
      }
      case CLIENT_REQUESTS -> submit(ClientRequests.decode(message));
    };
  }

  /**
   * Entries are taken once those before them are on stable storage. A leader that waited too long
   * sends them once more, and the library (3.3.0) takes what it is still writing for written.
   */
  private CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
      throws IOException {
    if (request.getEntriesCount() == 0) {
      return server.appendEntriesAsync(request);
    }
    if (appends.incrementAndGet() > APPENDS_MAX) {
      appends.decrementAndGet();
      throw stillWriting();
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    CompletableFuture<Void> before = appending.getAndSet(done);
    // Who is waited for may complete on a thread of the library's, which must not be held up.
    CompletableFuture<AppendEntriesReplyProto> reply = before.isDone()
        ? appendNow(request)
        : before.thenComposeAsync(ignored -> appendNow(request));
    return reply.whenComplete((taken, problem) -> {
      appends.decrementAndGet();
      done.complete(null);
    });
  }

  /**
   * Rows replace the log when nothing of it is still being written: the library (3.3.0) forgets
   * what waits for the disk then, though it may have told that it is there, and never answers.
   */
  private void requireWritten() throws IOException {
    if (appends.get() > 0) {
      throw stillWriting();
    }
  }

  private static IOException stillWriting() {
    return new IOException("this node still writes the entries that came before");
  }

  private CompletableFuture<AppendEntriesReplyProto> appendNow(AppendEntriesRequestProto request) {
    boolean changesVoters =
        request.getEntriesList().stream().anyMatch(LogEntryProto::hasConfigurationEntry);
    CompletableFuture<AppendEntriesReplyProto> reply;
    PromotionWatch watch = changesVoters ? PromotionWatch.begin() : null;
    try {
      reply = server.appendEntriesAsync(request);
    } catch (IOException | RuntimeException e) {
      reply = CompletableFuture.failedFuture(e);
    }
    return watch == null ? reply : reply.whenComplete((taken, problem) -> watch.close());
  }

  private CompletableFuture<ByteBuffer> submit(List<RaftClientRequest> requests)
      throws IOException {
    if (requests.isEmpty()) {
      throw new IOException("no requests for the log");
    }
    RaftServer.Division division = server.getDivision(requests.get(0).getRaftGroupId());
    if (!(division instanceof RaftClientAsynchronousProtocol log)) {
      throw new IOException("this version of Ratis takes no requests at the division");
    }
    return ClientRequests.submit(log, requests).thenApply(ClientRequests::encodeReplies);
  }

  /**
   * The library (3.3.0) takes no word of a leader whose log begins before that of an earlier leader
   * who did not hear any more that his rows have come: for ever, or until the log of this one is as
   * short. Whose log begins earlier can also be told to go on from the later index.
   */
  private InstallSnapshotRequestProto withLatestBegin(InstallSnapshotRequestProto request) {
    if (!request.hasNotification()) {
      return request;
    }
    TermIndexProto begin = request.getNotification().getFirstAvailableTermIndex();
    long latest = latestBegin.accumulateAndGet(begin.getIndex(), Math::max);
    InstallSnapshotRequestProto.Builder changed = request.toBuilder();
    changed
        .getNotificationBuilder()
        .setFirstAvailableTermIndex(begin.toBuilder().setIndex(latest));
    return changed.build();
  }

  /** A node speaks for itself only. */
  private static void check(String from, RaftRpcRequestProto request) throws IOException {
    if (!request.getRequestorId().toStringUtf8().equals(from)) {
      throw new IOException(from + " speaks for " + request.getRequestorId().toStringUtf8());
    }
  }

  private static CompletableFuture<ByteBuffer> done(MessageLite reply) {
    return CompletableFuture.completedFuture(bytes(reply));
  }

  private static ByteBuffer bytes(MessageLite reply) {
    return ByteBuffer.wrap(reply.toByteArray());
  }

  @Override
  public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
    return call(
        Kind.REQUEST_VOTE, request, request.getServerRequest(), RequestVoteReplyProto.parser());
  }

  @Override
  public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request)
      throws IOException {
    return call(
        Kind.APPEND_ENTRIES, request, request.getServerRequest(), AppendEntriesReplyProto.parser());
  }

  @Override
  public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request)
      throws IOException {
    return call(
        Kind.INSTALL_SNAPSHOT,
        request,
        request.getServerRequest(),
        InstallSnapshotReplyProto.parser());
  }

  @Override
  public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request)
      throws IOException {
    return call(
        Kind.START_LEADER_ELECTION,
        request,
        request.getServerRequest(),
        StartLeaderElectionReplyProto.parser());
  }

  @Override
  public CompletableFuture<AppendEntriesReplyProto> appendEntriesAsync(
      AppendEntriesRequestProto request) {
    return send(
        Kind.APPEND_ENTRIES, request, request.getServerRequest(), AppendEntriesReplyProto.parser());
  }

  @Override
  public CompletableFuture<ReadIndexReplyProto> readIndexAsync(ReadIndexRequestProto request) {
    return send(Kind.READ_INDEX, request, request.getServerRequest(), ReadIndexReplyProto.parser());
  }

  private <T> CompletableFuture<T> send(
      Kind kind, MessageLite request, RaftRpcRequestProto envelope, Parser<T> parser) {
    String to = envelope.getReplyId().toStringUtf8();
    return wire.send(to, RaftMessages.encode(kind, request), LIMIT).thenCompose(reply -> {
      try {
        return CompletableFuture.completedFuture(RaftMessages.read(parser, reply));
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    });
  }

  private <T> T call(Kind kind, MessageLite request, RaftRpcRequestProto envelope, Parser<T> parser)
      throws IOException {
    try {
      return send(kind, request, envelope, parser).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a peer was asked");
    } catch (ExecutionException e) {
      throw new IOException(envelope.getReplyId().toStringUtf8() + " did not answer", e);
    }
  }
}
