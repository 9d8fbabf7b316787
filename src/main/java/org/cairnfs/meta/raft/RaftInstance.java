package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/** One run of a Raft server with its one group, from opening its log to closing it. Thread-safe. */
final class RaftInstance implements AutoCloseable {
  private static final String FORMATTED_MARK = "raft-meta";

  private final RaftServer server;
  private final MetaStateMachine machine;

  /**
   * The group's division itself: going through the server costs a hand-over to another thread, and
   * the order.
   */
  private final RaftClientAsynchronousProtocol division;

  /** Null in a group of one. */
  private final @Nullable LeaderProposer proposer;

  private final RaftPeerId peer;
  private final RaftGroupId group;
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  private RaftInstance(
      RaftServer server,
      MetaStateMachine machine,
      RaftClientAsynchronousProtocol division,
      @Nullable LeaderProposer proposer,
      RaftPeerId peer,
      RaftGroupId group) {
    this.server = server;
    this.proposer = proposer;
    this.machine = machine;
    this.division = division;
    this.peer = peer;
    this.group = group;
  }

  /**
   * Opens or makes the log and starts the server; the state machine's listener hears when it is
   * ready.
   *
   * @param directory of the logs of all groups
   * @param peers null for a group of one
   */
  static RaftInstance start(
      Path directory,
      UUID groupId,
      String node,
      @Nullable RaftPeers peers,
      MetaStateMachine machine)
      throws IOException {
    RaftPeerId peer = RaftPeerId.valueOf(node);
    RaftGroupId group = RaftGroupId.valueOf(groupId);
    boolean formatted = Files.exists(logDirectory(directory, groupId).resolve(FORMATTED_MARK));
    RaftServer server = RaftServer.newBuilder()
        .setServerId(peer)
        .setGroup(RaftGroup.valueOf(group, voters(node, peers)))
        .setStateMachine(machine)
        .setProperties(
            peers == null ? RaftSettings.alone(directory) : RaftSettings.among(directory))
        .setParameters(WireRpcType.parameters(peers == null ? new LoneWire() : peers.wire()))
        .setOption(formatted ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
        .build();
    try {
      server.start();
      if (server.getDivision(group) instanceof RaftClientAsynchronousProtocol division) {
        LeaderProposer proposer = peers == null ? null : new LeaderProposer(server, peers);
        return new RaftInstance(server, machine, division, proposer, peer, group);
      }
      throw new IOException("this version of Ratis takes no requests at the division");
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static List<RaftPeer> voters(String node, @Nullable RaftPeers peers) {
    List<String> ids = peers == null ? List.of(node) : peers.voters();
    return ids.stream().map(id -> RaftPeer.newBuilder().setId(id).build()).toList();
  }

  /** Where a group keeps its segments. */
  static Path logDirectory(Path directory, UUID groupId) {
    return directory.resolve(groupId.toString()).resolve("current");
  }

  /** Appends an entry; requests of one thread enter the log in order. */
  CompletableFuture<byte[]> submit(byte[] entry) throws IOException {
    RaftClientRequest request = RaftClientRequest.newBuilder()
        .setClientId(client)
        .setServerId(peer)
        .setGroupId(group)
        .setCallId(calls.incrementAndGet())
        .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
        .setType(RaftClientRequest.writeRequestType())
        .build();
    if (proposer == null) {
      return division.submitClientRequestAsync(request).thenCompose(RaftInstance::content);
    }
    // The leader has applied it; who asks here reads here.
    return proposer
        .propose(request)
        .thenCompose(
            reply -> machine.reach(reply.getLogIndex()).thenCompose(unused -> content(reply)));
  }

  private static CompletableFuture<byte[]> content(RaftClientReply reply) {
    if (!reply.isSuccess()) {
      return CompletableFuture.failedFuture(
          reply.getException() != null
              ? reply.getException()
              : new IOException("refused: " + reply));
    }
    try {
      return CompletableFuture.completedFuture(Replies.read(reply.getMessage()));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Takes a last snapshot, if it can, and stops. */
  @Override
  public void close() throws IOException {
    if (proposer != null) {
      proposer.close();
    }
    machine.stopping();
    server.close();
  }
}
