package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.crypto.BadKeyException;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.RefusedRequestException;
import org.cairnfs.net.Reply;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.proto.PeerJoinReply;
import org.cairnfs.proto.PeerJoinRequest;
import org.cairnfs.proto.PeerMember;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits nodes that show the secret of an invitation, and gives new members what opens the volume.
 * Thread-safe.
 */
final class JoinService {
  private static final Logger LOG = LoggerFactory.getLogger(JoinService.class);
  private static final int MEMBERS_MAX = 256;

  private final Home home;
  private final NodeConfig config;
  private final Members members;
  private final PeerMembership membership;
  private final Executor executor;
  private final Clock clock;
  private volatile @Nullable MemberChanges changes;

  /** @param executor of a few threads, which may wait for the disk */
  JoinService(
      Cluster.Node node,
      Members members,
      PeerMembership membership,
      Executor executor,
      Clock clock) {
    this.home = node.home();
    this.config = node.config();
    this.members = members;
    this.membership = membership;
    this.executor = executor;
    this.clock = clock;
  }

  /** Has the server take requests to join, from guests. */
  void register(Handlers.Builder handlers) {
    handlers.onFromGuests(PeerMessages.JOIN, this::handle, executor);
  }

  /** The log takes changes from now on. */
  void begin(MemberChanges opened) {
    changes = opened;
  }

  private CompletionStage<Reply> handle(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException {
    PeerJoinRequest request = parse(body);
    Timestamp now = Timestamp.of(clock.instant());
    Member joining = member(peer, request.getSelf(), now);
    if (joining.role() == Role.MEMBER && config.profile().role() != Role.MEMBER) {
      throw new RefusedRequestException(
          FailureCode.FORBIDDEN, "a storage node cannot admit a member: it holds no key");
    }
    MemberChanges current = changes;
    if (current == null) {
      throw new RefusedRequestException(FailureCode.BUSY, "this node is starting");
    }
    InvitationSecret secret = InvitationSecret.of(request.getSecret().toByteArray());
    return current
        .join(new Bytes(secret.hash()), joining, now)
        .thenApplyAsync(
            outcome -> {
              try {
                return answer(outcome, joining.id(), secret);
              } catch (RefusedRequestException | IOException e) {
                throw new CompletionException(e);
              }
            },
            executor)
        .whenComplete((reply, problem) -> secret.close());
  }

  private static PeerJoinRequest parse(ByteBuffer body) throws RefusedRequestException {
    try {
      PeerJoinRequest request = PeerJoinRequest.parseFrom(body);
      if (request.getSecret().size() == InvitationSecret.SIZE_BYTES) {
        return request;
      }
    } catch (InvalidProtocolBufferException e) {
      throw invalid();
    }
    throw invalid();
  }

  private static RefusedRequestException invalid() {
    return new RefusedRequestException(FailureCode.INVALID, "the request to join makes no sense");
  }

  private static Member member(PeerInfo peer, PeerMember self, Timestamp now)
      throws RefusedRequestException {
    try {
      return new Member(
          peer.id(),
          PeerMessages.role(self.getRole()),
          seenAt(peer.remote(), KnownNode.parse(self.getAddressesList())),
          self.getZone(),
          self.getCapacityBytes(),
          MemberState.ACTIVE,
          now);
    } catch (IllegalArgumentException e) {
      throw invalid();
    }
  }

  /** A node that listens at all its addresses is found where it came from, too. */
  private static List<String> seenAt(InetSocketAddress remote, List<ListenAddress> addresses) {
    List<String> found = new ArrayList<>();
    for (ListenAddress address : addresses) {
      found.add(
          OwnAddresses.isWildcard(address)
              ? new ListenAddress(OwnAddresses.hostOf(remote.getAddress()), address.port())
                  .toString()
              : address.toString());
    }
    return found;
  }

  private Reply answer(MemberOutcome outcome, NodeId joined, InvitationSecret secret)
      throws RefusedRequestException, IOException {
    if (outcome != MemberOutcome.DONE && outcome != MemberOutcome.EXISTS) {
      LOG.warn("{} asked to join and was refused: {}", joined, outcome);
      throw new RefusedRequestException(FailureCode.FORBIDDEN, reason(outcome));
    }
    // Of one that asks again, what counts is what it has become, not what it says.
    Role role = members
        .find(joined)
        .orElseThrow(() -> new IOException(joined + " was admitted and is not there"))
        .role();
    PeerJoinReply.Builder reply = PeerJoinReply.newBuilder()
        .setVolumeId(PeerMessages.encode(config.volumeId()))
        .setClockMillis(clock.millis());
    membership.nodes().values().stream()
        .limit(MEMBERS_MAX)
        .forEach(node -> reply.addMembers(node.encode()));
    if (role == Role.MEMBER) {
      addKeys(reply, secret);
    }
    LOG.info("{} has joined as {}", joined, role);
    return Reply.of(ByteBuffer.wrap(reply.build().toByteArray()));
  }

  private void addKeys(PeerJoinReply.Builder reply, InvitationSecret secret) throws IOException {
    try {
      reply.setKeySlots(ByteString.copyFrom(KeySlots.load(home.volumeSlots()).toBytes()));
      if (Files.exists(home.volumeKey())) {
        try (KeyFile keyFile = KeyFile.load(home.volumeKey())) {
          reply.setWrappedKeyFile(ByteString.copyFrom(secret.wrap(keyFile)));
        }
      }
    } catch (BadKeyException e) {
      throw new IOException("the volume's keys here cannot be read", e);
    }
  }

  private String reason(MemberOutcome outcome) {
    return switch (outcome) {
      case UNKNOWN -> "the cluster knows no such invitation";
      case EXPIRED ->
        "the invitation has expired; it is " + clock.instant().truncatedTo(ChronoUnit.SECONDS)
            + " there";
      case USED_UP -> "the invitation has been used";
      case REMOVED -> "this node was removed from the cluster, for good";
      case INVALID ->
        "the invitation is for another role, or the node's description makes no sense";
      case DONE, EXISTS, LAST_MEMBER -> "the node cannot join: " + outcome;
    };
  }
}
