package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.conf.Parameters;
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

  private final RaftPeerId peer;
  private final RaftGroupId group;
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  private RaftInstance(
      RaftServer server,
      MetaStateMachine machine,
      RaftClientAsynchronousProtocol division,
      RaftPeerId peer,
      RaftGroupId group) {
    this.server = server;
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
   */
  static RaftInstance start(Path directory, UUID groupId, String node, MetaStateMachine machine)
      throws IOException {
    RaftPeerId peer = RaftPeerId.valueOf(node);
    RaftGroupId group = RaftGroupId.valueOf(groupId);
    boolean formatted = Files.exists(logDirectory(directory, groupId).resolve(FORMATTED_MARK));
    RaftServer server = RaftServer.newBuilder()
        .setServerId(peer)
        .setGroup(RaftGroup.valueOf(group, RaftPeer.newBuilder().setId(peer).build()))
        .setStateMachine(machine)
        .setProperties(RaftSettings.properties(directory))
        .setParameters(new Parameters())
        .setOption(formatted ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
        .build();
    try {
      server.start();
      if (server.getDivision(group) instanceof RaftClientAsynchronousProtocol division) {
        return new RaftInstance(server, machine, division, peer, group);
      }
      throw new IOException("this version of Ratis takes no requests at the division");
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
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
    return division.submitClientRequestAsync(request).thenCompose(RaftInstance::content);
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
    machine.stopping();
    server.close();
  }
}
