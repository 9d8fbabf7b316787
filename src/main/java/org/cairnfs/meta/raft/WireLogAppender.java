package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.rpc.CallId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppenderBase;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.util.Timestamp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's side of one follower, on a thread of its own: sends entries one request at a time,
 * heartbeats also while a long one is under way, what was committed as soon as it is, and tells a
 * follower whose next entry is gone from the log to fetch the rows instead.
 *
 * <p>The library's own for anything but gRPC can do neither of the last two.
 */
final class WireLogAppender extends LogAppenderBase {
  private static final Logger LOG = LoggerFactory.getLogger(WireLogAppender.class);

  /** A request with entries has no answer yet. */
  private volatile boolean underWay;

  /** The follower was told that entries up to here are committed. Only the own thread uses it. */
  private long toldCommitted = RaftLog.INVALID_LOG_INDEX;

  private boolean reached = true;

  WireLogAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
    super(server, leader, follower);
  }

  @Override
  public long getCallId() {
    return CallId.get();
  }

  @Override
  public Comparator<Long> getCallIdComparator() {
    return CallId.getComparator();
  }

  @Override
  public boolean hasPendingDataRequests() {
    return underWay;
  }

  @Override
  public void run() throws InterruptedException, IOException {
    while (isRunning()) {
      boolean goesOn = true;
      if (shouldSendAppendEntries() || hasNewCommit()) {
        TermIndex firstInLog = shouldNotifyToInstallSnapshot();
        goesOn = firstInLog == null ? append() : pointToSnapshot(firstInLog);
      }
      if (!goesOn) {
        getServer().properties().rpcSleepTime().sleep();
      } else if (isRunning() && !hasAppendEntries() && !hasNewCommit()) {
        getEventAwaitForSignal().await(getHeartbeatWaitTimeMs(), TimeUnit.MILLISECONDS);
      }
      getLeaderState().checkHealth(getFollower());
    }
  }

  private boolean hasNewCommit() {
    long committed = getRaftLog().getLastCommittedIndex();
    return reached && committed > toldCommitted && committed > getFollower().getCommitIndex();
  }

  /** Returns whether it makes sense to go on at once. */
  private boolean append() throws InterruptedException, IOException {
    long committed = getRaftLog().getLastCommittedIndex();
    AppendEntriesRequestProto request =
        newAppendEntriesRequest(CallId.getAndIncrement(), !hasAppendEntries());
    if (request == null) {
      return true;
    }
    boolean heartbeat = request.getEntriesCount() == 0;
    resetHeartbeatTrigger();
    Timestamp sent = Timestamp.currentTime();
    getFollower().updateLastRpcSendTime(heartbeat);
    AppendEntriesReplyProto reply;
    underWay = !heartbeat;
    try {
      reply = await(getServerRpc().async().appendEntriesAsync(request));
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      LOG.debug("{} did not take entries", getFollowerId(), e);
      reached = false;
      return false;
    } finally {
      underWay = false;
    }
    reached = true;
    toldCommitted = committed;
    getFollower().updateLastRpcResponseTime();
    getFollower().updateLastRespondedAppendEntriesSendTime(sent);
    getLeaderState().onFollowerCommitIndex(getFollower(), reply.getFollowerCommit());
    answered(request, reply);
    getLeaderState().onAppendEntriesReply(this, reply);
    return reply.getResult() == AppendResult.SUCCESS || !heartbeat;
  }

  private AppendEntriesReplyProto await(CompletableFuture<AppendEntriesReplyProto> reply)
      throws InterruptedException, IOException {
    while (true) {
      try {
        return reply.get(getServer().properties().minRpcTimeoutMs() / 2, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (underWay) {
          sendHeartbeat();
        }
      } catch (ExecutionException e) {
        throw new IOException(getFollowerId() + " did not answer", e.getCause());
      }
    }
  }

  /** Beside a request that takes its time, so that the follower knows that there is a leader. */
  private void sendHeartbeat() throws IOException {
    AppendEntriesRequestProto heartbeat = newAppendEntriesRequest(CallId.getAndIncrement(), true);
    getFollower().updateLastRpcSendTime(true);
    var unused = getServerRpc()
        .async()
        .appendEntriesAsync(heartbeat)
        .whenComplete((reply, problem) -> {
          if (reply != null) {
            getFollower().updateLastRpcResponseTime();
            if (reply.getResult() == AppendResult.NOT_LEADER) {
              outdatedBy(reply.getTerm());
            }
          }
        });
  }

  private void answered(AppendEntriesRequestProto request, AppendEntriesReplyProto reply) {
    FollowerInfo follower = getFollower();
    switch (reply.getResult()) {
      case SUCCESS -> {
        if (request.getEntriesCount() > 0 && reply.getNextIndex() > follower.getNextIndex()) {
          var unused = follower.updateMatchIndex(reply.getNextIndex() - 1);
          follower.increaseNextIndex(reply.getNextIndex());
          getLeaderState().onFollowerSuccessAppendEntries(follower);
        }
      }
      case NOT_LEADER -> outdatedBy(reply.getTerm());
      case INCONSISTENCY -> {
        long first = request.getEntriesCount() > 0
            ? request.getEntries(0).getIndex()
            : RaftLog.INVALID_LOG_INDEX;
        follower.setNextIndex(getNextIndexForInconsistency(first, reply.getNextIndex()));
      }
      case UNRECOGNIZED -> LOG.warn("{} answered what this version does not know", getFollowerId());
    }
  }

  /** The follower knows a term: a later one ends this leader's. */
  private void outdatedBy(long term) {
    var unused = onFollowerTerm(term);
  }

  /** Returns whether it makes sense to go on at once. */
  private boolean pointToSnapshot(TermIndex firstInLog) throws InterruptedIOException {
    InstallSnapshotReplyProto reply;
    try {
      getFollower().updateLastRpcSendTime(false);
      reply = getServerRpc().installSnapshot(newInstallSnapshotNotificationRequest(firstInLog));
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      LOG.debug("{} was not told to fetch the rows", getFollowerId(), e);
      reached = false;
      return false;
    }
    reached = true;
    FollowerInfo follower = getFollower();
    follower.updateLastRpcResponseTime();
    switch (reply.getResult()) {
      case SNAPSHOT_INSTALLED, ALREADY_INSTALLED -> {
        follower.setSnapshotIndex(reply.getSnapshotIndex());
        follower.setAttemptedToInstallSnapshot();
        getLeaderState().onFollowerCommitIndex(follower, reply.getSnapshotIndex());
        return true;
      }
      case SNAPSHOT_UNAVAILABLE -> {
        // It needs none: the log begins where the follower's does.
        follower.setAttemptedToInstallSnapshot();
        return true;
      }
      case NOT_LEADER -> {
        outdatedBy(reply.getTerm());
        return false;
      }
      case IN_PROGRESS -> {
        return false;
      }
      default -> {
        LOG.warn("{} cannot fetch the rows: {}", getFollowerId(), reply.getResult());
        return false;
      }
    }
  }
}
