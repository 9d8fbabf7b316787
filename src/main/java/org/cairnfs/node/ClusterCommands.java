package org.cairnfs.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.cairnfs.blob.RepairStats;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.raft.RaftRoles;
import org.cairnfs.net.Role;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.Heartbeats;
import org.cairnfs.node.cluster.Token;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminClusterStatus;
import org.cairnfs.proto.AdminInviteRequest;
import org.cairnfs.proto.AdminNodeRequest;
import org.cairnfs.proto.AdminPeer;
import org.cairnfs.proto.AdminPeers;
import org.cairnfs.proto.AdminReplication;
import org.cairnfs.proto.AdminRole;
import org.cairnfs.proto.AdminToken;
import org.cairnfs.proto.AdminVolumeRequest;
import org.jspecify.annotations.Nullable;

/** What commands ask about other nodes, and have done to them. */
record ClusterCommands(Components components, NodeConfig config) {
  /** Makes a token. */
  AdminToken invite(AdminInviteRequest request) throws OperatorException {
    Role role = request.getRole() == AdminRole.ADMIN_ROLE_STORAGE ? Role.STORAGE : Role.MEMBER;
    boolean listened = cluster().network().listening() != null;
    Duration ttl = Duration.ofSeconds(request.getTtlSeconds());
    try (Token token = components.members().invite(role, ttl, request.getUses())) {
      return AdminToken.newBuilder()
          .setToken(token.encode())
          .setNotice(
              listened
                  ? ""
                  : "this node listens for others from now on, at "
                      + cluster().network().listening())
          .build();
    }
  }

  /** Does what is asked to a node; returns its id in full. */
  String change(AdminNodeRequest request) throws OperatorException {
    Member member = components.members().find(request.getNode());
    switch (request.getChange()) {
      case DRAIN -> components.members().drain(member, false);
      case UNDO_DRAIN -> components.members().drain(member, true);
      case REMOVE -> components.members().remove(member);
      default ->
        throw new OperatorException(
            "the node does not know this command",
            "Stop the node with the Cairn it was started with, and start it with the new one.");
    }
    return member.id().toString();
  }

  /** Changes how many copies of a blob there are, if that is asked for; says how many. */
  AdminReplication replication(AdminVolumeRequest request) throws OperatorException {
    if (request.hasReplicas() || request.hasWriteQuorum()) {
      components
          .members()
          .setReplication(
              request.hasReplicas() ? request.getReplicas() : null,
              request.hasWriteQuorum() ? request.getWriteQuorum() : null);
    }
    return replication();
  }

  AdminReplication replication() {
    Replication replication = cluster().members().replication();
    int nodes = cluster().members().present().size();
    return AdminReplication.newBuilder()
        .setReplicas(replication.replicas())
        .setWriteQuorum(replication.writeQuorum())
        .setReplicasNow(replication.replicasOf(nodes))
        .setWriteQuorumNow(replication.writeQuorumOf(nodes))
        .build();
  }

  /** All nodes. */
  AdminPeers peers() {
    RaftRoles roles = components.log().roles();
    List<AdminPeer> peers = new ArrayList<>();
    for (Member member : cluster().members().present()) {
      AdminPeer.Builder peer = AdminPeer.newBuilder()
          .setNodeId(member.id().toString())
          .addAllAddresses(member.addresses())
          .setRole(
              member.role() == Role.STORAGE
                  ? AdminRole.ADMIN_ROLE_STORAGE
                  : AdminRole.ADMIN_ROLE_MEMBER)
          .setZone(member.zone())
          .setDraining(member.state() == MemberState.DRAINING)
          .setCapacityBytes(member.capacityBytes())
          .setVoter(roles.voters().contains(member.id().toString()))
          .setLeader(member.id().toString().equals(roles.leader()));
      cluster().blobsToMove(member.id()).ifPresent(peer::setBlobsToMove);
      describe(peer, member.id());
      peers.add(peer.build());
    }
    return AdminPeers.newBuilder().addAllPeers(peers).build();
  }

  private void describe(AdminPeer.Builder peer, NodeId id) {
    if (id.equals(cluster().id())) {
      peer.setSelf(true)
          .setLive(true)
          .setSoftware(Version.software())
          .setUsedBytes(cluster().self().usedBytes());
      return;
    }
    Heartbeats.@Nullable Report report = cluster().heartbeats().report(id);
    if (report == null) {
      peer.setTrouble("it was not asked yet");
      return;
    }
    peer.setLive(report.live())
        .setSoftware(report.said().getSoftware())
        .setUsedBytes(report.said().getUsedBytes())
        .setLatencyMicros(TimeUnit.NANOSECONDS.toMicros(report.roundTrip().toNanos()))
        .setTrouble(report.trouble());
  }

  /** The cluster in short. */
  AdminClusterStatus status() {
    List<Member> members = cluster().members().present();
    RaftRoles roles = components.log().roles();
    RepairStats blobs = components.storage().blobs().repairStats();
    return AdminClusterStatus.newBuilder()
        .setNodes(members.size())
        .setLiveNodes((int) members.stream()
            .filter(member -> cluster().heartbeats().isLive(member.id()))
            .count())
        .setLeader(Objects.requireNonNullElse(roles.leader(), ""))
        .setRole(
            config.profile().role() == Role.STORAGE
                ? AdminRole.ADMIN_ROLE_STORAGE
                : AdminRole.ADMIN_ROLE_MEMBER)
        .setVoter(roles.voters().contains(cluster().id().toString()))
        .setUnderReplicatedBlobs(blobs.underReplicated())
        .setMissingBlobs(blobs.missing())
        .setUnavailableBlobs(blobs.unavailable())
        .setCachedBytes(components.storage().blobs().cachedBytes())
        .setFetchedBytes(components.storage().blobs().fetchedBytes())
        .build();
  }

  private Cluster cluster() {
    return components.cluster();
  }
}
