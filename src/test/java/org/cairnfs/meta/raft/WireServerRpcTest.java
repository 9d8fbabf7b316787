package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.cairnfs.meta.raft.RaftMessages.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a follower does with a leader's requests, whatever its disk does. */
final class WireServerRpcTest {
  private static final String LEADER = "leader";

  /** A request that the server was given, and its answer. */
  private record Taken(
      AppendEntriesRequestProto request, CompletableFuture<AppendEntriesReplyProto> reply) {
    void answer() {
      assertThat(reply.complete(AppendEntriesReplyProto.getDefaultInstance())).isTrue();
    }
  }

  private final List<Taken> taken = new CopyOnWriteArrayList<>();
  private RaftWire.@Nullable Receiver receiver;

  @BeforeEach
  void start() {
    RaftServer server = (RaftServer) Proxy.newProxyInstance(
        RaftServer.class.getClassLoader(),
        new Class<?>[] {RaftServer.class},
        (proxy, method, arguments) -> {
          if (method.getName().equals("installSnapshot")) {
            return InstallSnapshotReplyProto.getDefaultInstance();
          }
          assertThat(method.getName()).isEqualTo("appendEntriesAsync");
          Taken next =
              new Taken((AppendEntriesRequestProto) arguments[0], new CompletableFuture<>());
          taken.add(next);
          return next.reply();
        });
    RaftWire wire = new RaftWire() {
      @Override
      public CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit) {
        throw new AssertionError("a follower asks nobody");
      }

      @Override
      public void receiver(@Nullable Receiver next) {
        receiver = next;
      }
    };
    new WireServerRpc(server, wire).start();
  }

  private static RaftRpcRequestProto.Builder fromLeader() {
    return RaftRpcRequestProto.newBuilder().setRequestorId(ByteString.copyFromUtf8(LEADER));
  }

  private CompletableFuture<ByteBuffer> receive(Kind kind, MessageLite request) throws IOException {
    RaftWire.Receiver there = receiver;
    assertThat(there).isNotNull();
    return there.receive(LEADER, RaftMessages.encode(kind, request));
  }

  private CompletableFuture<ByteBuffer> receive(long... entries) throws IOException {
    AppendEntriesRequestProto.Builder request =
        AppendEntriesRequestProto.newBuilder().setServerRequest(fromLeader());
    for (long entry : entries) {
      request.addEntries(LogEntryProto.newBuilder().setIndex(entry));
    }
    return receive(Kind.APPEND_ENTRIES, request.build());
  }

  private CompletableFuture<ByteBuffer> receiveThatRowsAreToBeFetched() throws IOException {
    return receive(
        Kind.INSTALL_SNAPSHOT,
        InstallSnapshotRequestProto.newBuilder().setServerRequest(fromLeader()).build());
  }

  @Test
  void entriesAreTakenOnceThoseBeforeAreWritten() throws IOException {
    CompletableFuture<ByteBuffer> first = receive(28);
    CompletableFuture<ByteBuffer> again = receive(28, 29);
    assertThat(taken).hasSize(1);

    taken.get(0).answer();

    assertThat(first).isCompleted();
    await().until(() -> taken.size() == 2);
    assertThat(taken.get(1).request().getEntriesCount()).isEqualTo(2);
    assertThat(again).isNotDone();
    taken.get(1).answer();
    assertThat(again).isCompleted();
  }

  @Test
  void aFailureKeepsNothingFromBeingTaken() throws IOException {
    CompletableFuture<ByteBuffer> first = receive(28);
    CompletableFuture<ByteBuffer> again = receive(28, 29);

    taken.get(0).reply().completeExceptionally(new IOException("the disk"));

    assertThat(first).isCompletedExceptionally();
    await().until(() -> taken.size() == 2);
    assertThat(again).isNotDone();
  }

  @Test
  void heartbeatsDoNotWaitForTheDisk() throws IOException {
    var unused = receive(28);

    CompletableFuture<ByteBuffer> heartbeat = receive();

    taken.get(1).answer();
    assertThat(heartbeat).isCompleted();
  }

  @Test
  void noMoreEntriesWaitThanMemoryHolds() throws IOException {
    for (int i = 0; i < WireServerRpc.APPENDS_MAX; i++) {
      var unused = receive(28);
    }
    assertThatThrownBy(() -> receive(28)).isInstanceOf(IOException.class);

    taken.get(0).answer();

    await().until(() -> taken.size() == 2);
    assertThat(receive(28)).isNotDone();
  }

  @Test
  void rowsAreFetchedWhenNothingOfTheLogIsStillBeingWritten() throws IOException {
    var unused = receive(28);
    assertThatThrownBy(this::receiveThatRowsAreToBeFetched).isInstanceOf(IOException.class);

    taken.get(0).answer();

    assertThat(receiveThatRowsAreToBeFetched()).isCompleted();
  }
}
