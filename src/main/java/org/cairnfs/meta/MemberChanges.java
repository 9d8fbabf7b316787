package org.cairnfs.meta;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;

/**
 * Proposes changes of the members, the invites, and the number of copies they keep of a blob.
 * Futures are done once the change is in this node's tables, on a thread that must not be blocked,
 * and fail with an {@link java.io.IOException} when the log does: then it may have taken place or
 * not. Asking again is safe. Thread-safe.
 */
public final class MemberChanges {
  private final MetaLog log;

  public MemberChanges(MetaLog log) {
    this.log = log;
  }

  /** Adds the first member; {@link MemberOutcome#EXISTS} if there is any. Its state is ACTIVE. */
  public CompletableFuture<MemberOutcome> addFounder(Member member) {
    return propose(MemberMessages.addFounder(member));
  }

  /**
   * Makes a node a member that has shown the secret of an invite.
   *
   * @param secretHash SHA-256 of the secret
   * @param member its role must be that of the invite, its state is ACTIVE
   * @param now by which the invite's validity is judged
   */
  public CompletableFuture<MemberOutcome> join(Bytes secretHash, Member member, Timestamp now) {
    return propose(MemberMessages.join(secretHash, now, member));
  }

  /** Replaces what a node says about itself. */
  public CompletableFuture<MemberOutcome> update(
      NodeId node, List<String> addresses, String zone, long capacityBytes) {
    return propose(MemberMessages.updateDetails(node, addresses, zone, capacityBytes));
  }

  /** Sets a node's state. REMOVED is for good. */
  public CompletableFuture<MemberOutcome> setState(NodeId node, MemberState state) {
    return propose(MemberMessages.setState(node, state));
  }

  public CompletableFuture<MemberOutcome> addInvite(Invite invite, Timestamp now) {
    return propose(MemberMessages.addInvite(invite, now));
  }

  /**
   * Sets how many copies of each blob there are, and how many of them a writer waits for; what is
   * null stays as it is. {@link MemberOutcome#INVALID} if the two do not go together.
   */
  public CompletableFuture<MemberOutcome> setReplication(
      @Nullable Integer replicas, @Nullable Integer writeQuorum) {
    return propose(MemberMessages.setReplication(replicas, writeQuorum));
  }

  private CompletableFuture<MemberOutcome> propose(MetaOp op) {
    MetaEntry entry = MetaEntry.newBuilder().addOps(op).build();
    return log.propose(entry.toByteArray()).thenCompose(bytes -> {
      try {
        MetaReply reply = MetaReply.parseFrom(bytes);
        int errno = reply.getRepliesCount() == 0 ? 0 : reply.getReplies(0).getErrno();
        return CompletableFuture.completedFuture(MemberOutcome.of(errno));
      } catch (InvalidProtocolBufferException e) {
        return CompletableFuture.failedFuture(e);
      }
    });
  }
}
