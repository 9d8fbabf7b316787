package org.cairnfs.node.cluster;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.Timestamp;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.meta.Invite;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MemberState;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;

/**
 * Invites nodes, drains and removes them, and sets how many keep each blob, as people say.
 * Thread-safe; blocks on the log.
 */
public final class MemberControl {
  /** Longest time that an invitation is good for. */
  public static final Duration TTL_MAX = Duration.ofDays(30);

  /** Most nodes that one invitation admits. */
  public static final int USES_MAX = 1000;

  private static final Duration LOG_LIMIT = Duration.ofSeconds(40);

  /** Enough to get in when some are away; more would make tokens long. */
  private static final int NODES_IN_TOKEN_MAX = 4;

  private static final int PREFIX_MIN_CHARS = 4;

  private final Cluster cluster;
  private final Role ownRole;
  private final UUID clusterId;
  private final Clock clock;
  private final SecureRandom random;

  /** @param node that is asked to */
  public MemberControl(Cluster cluster, Cluster.Node node, Clock clock, SecureRandom random) {
    this.cluster = cluster;
    this.ownRole = node.config().profile().role();
    this.clusterId = node.config().clusterId();
    this.clock = clock;
    this.random = random;
  }

  /**
   * Lets a number of nodes join for a time.
   *
   * @return whoever has it can join; the caller closes it
   */
  public Token invite(Role role, Duration ttl, int uses) throws OperatorException {
    if (ttl.isNegative() || ttl.isZero() || ttl.compareTo(TTL_MAX) > 0) {
      throw new OperatorException(
          "an invitation is good for more than nothing and at most 30 days",
          "Write for example --ttl 1h.",
          OperatorException.USAGE);
    }
    if (uses < 1 || uses > USES_MAX) {
      throw new OperatorException(
          "an invitation admits 1 to " + USES_MAX + " nodes",
          "Write for example --uses 3.",
          OperatorException.USAGE);
    }
    if (role == Role.MEMBER && ownRole != Role.MEMBER) {
      throw new OperatorException(
          "a storage node cannot invite members: it holds no key to give to them",
          "Invite on a member, or invite with --role storage.");
    }
    ListenAddress listening = cluster.listenFromNowOn();
    InvitationSecret secret = InvitationSecret.generate(random);
    boolean known = false;
    try {
      Instant now = clock.instant();
      Invite invite = new Invite(new Bytes(secret.hash()), role, Timestamp.of(now.plus(ttl)), uses);
      require(await(cluster.changes().addInvite(invite, Timestamp.of(now))), "invite");
      known = true;
      return token(role, listening, secret);
    } finally {
      if (!known) {
        secret.close();
      }
    }
  }

  /** Names this node, and others that may answer and are alive. */
  private Token token(Role role, ListenAddress listening, InvitationSecret secret) {
    List<NodeId> nodes = new ArrayList<>();
    Set<ListenAddress> addresses = new LinkedHashSet<>();
    nodes.add(cluster.id());
    addresses.addAll(cluster.addresses().isEmpty() ? List.of(listening) : cluster.addresses());
    for (Member member : cluster.members().present()) {
      if (nodes.size() < NODES_IN_TOKEN_MAX
          && !member.id().equals(cluster.id())
          && (role == Role.STORAGE || member.role() == Role.MEMBER)
          && cluster.heartbeats().isLive(member.id())) {
        nodes.add(member.id());
        addresses.addAll(KnownNode.parse(member.addresses()));
      }
    }
    return new Token(
        clusterId, role, nodes, addresses.stream().limit(Token.PLACES_MAX).toList(), secret);
  }

  /** The node whose id begins so, of those that belong to the cluster or did. */
  public Member find(String prefix) throws OperatorException {
    String wanted = prefix.toLowerCase(Locale.ROOT);
    List<Member> found = cluster.members().list().stream()
        .filter(member -> member.id().toString().startsWith(wanted))
        .toList();
    if (wanted.length() < PREFIX_MIN_CHARS || found.isEmpty()) {
      throw new OperatorException(
          "no node of the cluster has an id that begins with \"" + prefix + "\"",
          "`cairn peers` lists the ids; at least " + PREFIX_MIN_CHARS + " characters are needed.");
    } else if (found.size() > 1) {
      throw new OperatorException(
          found.size() + " nodes have ids that begin with \"" + prefix + "\"",
          "Give more of the id; `cairn peers --json` has it in full.");
    }
    return found.get(0);
  }

  /** Has a node give its blobs to others, or no longer. */
  public void drain(Member member, boolean undo) throws OperatorException {
    requirePresent(member);
    long active = cluster.members().present().stream()
        .filter(other -> other.state() == MemberState.ACTIVE && !other.id().equals(member.id()))
        .count();
    if (!undo && active == 0) {
      throw new OperatorException(
          "there is no other node to take this one's blobs",
          "Have another node join first: `cairn invite`.");
    }
    MemberState state = undo ? MemberState.ACTIVE : MemberState.DRAINING;
    require(await(cluster.changes().setState(member.id(), state)), "drain " + member.id());
  }

  /** Revokes a node, at once and for good. */
  public void remove(Member member) throws OperatorException {
    requirePresent(member);
    if (member.id().equals(cluster.id())) {
      throw new OperatorException(
          "a node does not remove itself", "Give the command to another node of the cluster.");
    }
    boolean keyIsLeft = cluster.members().present().stream()
        .anyMatch(other -> other.role() == Role.MEMBER && !other.id().equals(member.id()));
    if (!keyIsLeft) {
      throw new OperatorException(
          "this is the last member: no other node holds the volume's key",
          "Have another member join first: `cairn invite`.");
    }
    require(
        await(cluster.changes().setState(member.id(), MemberState.REMOVED)),
        "remove " + member.id());
  }

  /**
   * Sets how many copies of each blob there are, and how many of them a writer waits for; what is
   * null stays.
   */
  public void setReplication(@Nullable Integer replicas, @Nullable Integer writeQuorum)
      throws OperatorException {
    MemberOutcome outcome = await(cluster.changes().setReplication(replicas, writeQuorum));
    if (outcome == MemberOutcome.INVALID) {
      throw unfit(replicas, writeQuorum);
    }
    require(outcome, "change the number of copies");
  }

  private OperatorException unfit(@Nullable Integer replicas, @Nullable Integer writeQuorum) {
    Replication present = cluster.members().replication();
    int copies = Objects.requireNonNullElse(replicas, present.replicas());
    int quorum = Objects.requireNonNullElse(writeQuorum, present.writeQuorum());
    return copies != Replication.ALL && quorum > copies
        ? new OperatorException(
            "a writer cannot wait for " + quorum + " copies when there are " + copies,
            "Set both so that the write quorum is not above the replicas, for example:"
                + " cairn volume --replicas " + copies + " --write-quorum majority")
        : new OperatorException(
            "there are 1 to " + Replication.REPLICAS_MAX + " copies of a blob, or one on each node",
            "Write for example --replicas 3, or --replicas all.",
            OperatorException.USAGE);
  }

  private static void requirePresent(Member member) throws OperatorException {
    if (!member.belongs()) {
      throw new OperatorException(
          "node " + member.id() + " was removed already",
          "`cairn peers` lists those that are left.");
    }
  }

  private static MemberOutcome await(CompletableFuture<MemberOutcome> future)
      throws OperatorException {
    try {
      return future.get(LOG_LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperatorException("interrupted while the cluster was asked", "Try again.", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new OperatorException(
          "the cluster could not agree on it: more than half of its voters have to be reachable",
          "`cairn peers` shows who is; nothing was changed, or it will be when they are back.",
          e);
    }
  }

  private static void require(MemberOutcome outcome, String what) throws OperatorException {
    if (outcome != MemberOutcome.DONE) {
      throw new OperatorException(
          "cannot " + what + ": " + outcome.name().toLowerCase(Locale.ROOT).replace('_', ' '),
          "`cairn peers` shows the nodes as they are.");
    }
  }
}
