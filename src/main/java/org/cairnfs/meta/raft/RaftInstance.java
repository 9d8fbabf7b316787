package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.rpc.CallId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/** One run of a Raft server with its one group, from opening its log to closing it. Thread-safe. */
final class RaftInstance implements AutoCloseable {
  private static final String FORMATTED_MARK = "raft-meta";

  /**
   * What a run is started with.
   *
   * @param wire null for a group of one
   * @param client who proposes
   */
  record Setup(
      RaftMetaLog.Place place, @Nullable RaftWire wire, RaftTiming timing, ClientId client) {
    /**
     * The group as it is before there is a log that says who is in it: a node that joins learns,
     * and never votes before it was made a voter.
     */
    private RaftGroup initial() {
      RaftPeer self = RaftPeer.newBuilder()
          .setId(place.node())
          .setStartupRole(place.joining() ? RaftPeerRole.LISTENER : RaftPeerRole.FOLLOWER)
          .build();
      return RaftGroup.valueOf(RaftGroupId.valueOf(place.group()), self);
    }
  }

  private final Setup setup;
  private final RaftServer server;
  private final MetaStateMachine machine;
  private final RaftServer.Division division;

  /**
   * The group's division itself: going through the server costs a hand-over to another thread, and
   * the order.
   */
  private final RaftClientAsynchronousProtocol log;

  /** Null in a group of one. */
  private final @Nullable LeaderProposer proposer;

  private final RaftPeerId peer;
  private final RaftGroupId group;

  private RaftInstance(
      Setup setup,
      RaftServer server,
      MetaStateMachine machine,
      RaftServer.Division division,
      RaftClientAsynchronousProtocol log) {
    this.setup = setup;
    this.server = server;
    this.machine = machine;
    this.division = division;
    this.log = log;
    this.peer = server.getId();
    this.group = division.getMemberId().getGroupId();
    RaftWire wire = setup.wire();
    this.proposer = wire == null ? null : new LeaderProposer(log, wire, peer, this::leader);
  }

  /**
   * Opens or makes the log and starts the server; the state machine's listener hears when it is
   * ready.
   */
  static RaftInstance start(Setup setup, MetaStateMachine machine) throws IOException {
    boolean formatted = Files.exists(
        logDirectory(setup.place().directory(), setup.place().group()).resolve(FORMATTED_MARK));
    RaftWire wire = setup.wire();
    NoManagement.use();
    RaftServer server = RaftServer.newBuilder()
        .setServerId(RaftPeerId.valueOf(setup.place().node()))
        .setGroup(setup.initial())
        .setStateMachine(machine)
        .setProperties(
            wire == null
                ? RaftSettings.alone(setup.place().directory())
                : RaftSettings.among(setup.place().directory(), setup.timing()))
        .setParameters(WireRpcType.parameters(wire == null ? new LoneWire() : wire))
        .setOption(formatted ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
        .build();
    try {
      server.start();
      RaftServer.Division division =
          server.getDivision(RaftGroupId.valueOf(setup.place().group()));
      if (division instanceof RaftClientAsynchronousProtocol log) {
        return new RaftInstance(setup, server, machine, division, log);
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

  /**
   * Appends an entry; requests of one thread enter the log in order.
   *
   * @param proposal its call is the same whenever it is submitted again
   * @throws IOException if the server takes nothing more; what ended it was told before, see
   *     {@link MetaStateMachine#notifyLogFailed}
   */
  CompletableFuture<byte[]> submit(Proposals.Proposal proposal) throws IOException {
    RaftClientRequest request = RaftClientRequest.newBuilder()
        .setClientId(setup.client())
        .setServerId(peer)
        .setGroupId(group)
        .setCallId(proposal.call())
        .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(proposal.entry())))
        .setType(RaftClientRequest.writeRequestType())
        .build();
    if (proposer == null) {
      try {
        return log.submitClientRequestAsync(request).thenCompose(RaftInstance::content);
      } catch (RuntimeException e) {
        // So Ratis says that it has closed the log because a write failed.
        throw new IOException("the log takes no entry", e);
      }
    }
    // The leader has applied it; who asks here reads here.
    return proposer
        .propose(request, proposal.reply())
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

  String node() {
    return setup.place().node();
  }

  /** Who leads, as far as is known here. */
  private @Nullable RaftPeerId leader() {
    DivisionInfo info = division.getInfo();
    return info.isLeader() ? peer : peer.equals(info.getLeaderId()) ? null : info.getLeaderId();
  }

  /** Who leads and who votes, as far as is known here. */
  RaftRoles roles() {
    RaftPeerId leader = leader();
    return new RaftRoles(
        leader == null ? null : leader.toString(), ids(division.getRaftConf().getCurrentPeers()));
  }

  /** Whether there is a leader, as far as is known here. */
  boolean hasLeader() {
    DivisionInfo info = division.getInfo();
    if (!info.isAlive() || leader() == null) {
      return false;
    }
    long silentMillis = info.isLeader()
        ? 0
        : info.getRoleInfoProto().getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs();
    return silentMillis <= 2 * setup.timing().electionMax().toMillis();
  }

  /** Whether this node leads and has applied what was in the log before it did. */
  boolean leads() {
    DivisionInfo info = division.getInfo();
    return info.isAlive() && info.isLeader() && info.isLeaderReady();
  }

  /**
   * Whether only another run can go on: the library ended this one, or takes this node for a voter
   * though it is none, which is decided when it starts.
   */
  boolean isOver() {
    DivisionInfo info = division.getInfo();
    RaftConfiguration configuration = division.getRaftConf();
    return !info.isAlive()
        || (!info.isListener()
            && !info.isLeader()
            && configuration.getPreviousPeers().isEmpty()
            && configuration.getPeer(peer) == null
            && configuration.getPeer(peer, RaftPeerRole.LISTENER) != null);
  }

  /** Whether a node is likely to take part when it is added. */
  boolean isThere(String node) {
    RaftWire wire = setup.wire();
    return wire == null || wire.isThere(node);
  }

  /** For how long each of the others has not answered this leader. */
  Map<String, Duration> silence() {
    Map<String, Duration> silence = new HashMap<>();
    for (ServerRpcProto follower :
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList()) {
      silence.put(
          follower.getId().getId().toStringUtf8(),
          Duration.ofMillis(follower.getLastRpcElapsedTimeMs()));
    }
    return silence;
  }

  /** Who is in the group, or null while that changes. */
  VoterPlan.@Nullable Group group() {
    RaftConfiguration configuration = division.getRaftConf();
    return configuration.getPreviousPeers().isEmpty()
            && configuration.getPreviousPeers(RaftPeerRole.LISTENER).isEmpty()
        ? new VoterPlan.Group(
            ids(configuration.getCurrentPeers()),
            ids(configuration.getCurrentPeers(RaftPeerRole.LISTENER)))
        : null;
  }

  private static Set<String> ids(Collection<RaftPeer> peers) {
    return peers.stream().map(one -> one.getId().toString()).collect(Collectors.toSet());
  }

  /** Has another group, once those that are new have caught up; only as the leader. */
  CompletableFuture<RaftClientReply> change(VoterPlan.Group next) throws IOException {
    SetConfigurationRequest.Arguments arguments = SetConfigurationRequest.Arguments.newBuilder()
        .setMode(SetConfigurationRequest.Mode.SET_UNCONDITIONALLY)
        .setServersInNewConf(peers(next.voters(), RaftPeerRole.FOLLOWER))
        .setListenersInNewConf(peers(next.learners(), RaftPeerRole.LISTENER))
        .build();
    return server.setConfigurationAsync(new SetConfigurationRequest(
        setup.client(), peer, group, CallId.getAndIncrement(), arguments));
  }

  /** Has the voters elect a leader anew, who may be this node again. Does not wait for it. */
  void stepDown() throws IOException {
    long limitMillis = setup.timing().electionMax().toMillis();
    var unused = server.transferLeadershipAsync(new TransferLeadershipRequest(
        setup.client(), peer, group, CallId.getAndIncrement(), null, limitMillis));
  }

  /** Has that voter lead, soon or not at all; only as the leader, which has to send to it. */
  CompletableFuture<RaftClientReply> handOver(String voter) throws IOException {
    return server.transferLeadershipAsync(new TransferLeadershipRequest(
        setup.client(),
        peer,
        group,
        CallId.getAndIncrement(),
        RaftPeerId.valueOf(voter),
        setup.timing().electionMin().toMillis()));
  }

  long term() {
    return division.getInfo().getCurrentTerm();
  }

  private static List<RaftPeer> peers(Set<String> ids, RaftPeerRole role) {
    return ids.stream()
        .map(id -> RaftPeer.newBuilder().setId(id).setStartupRole(role).build())
        .toList();
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
