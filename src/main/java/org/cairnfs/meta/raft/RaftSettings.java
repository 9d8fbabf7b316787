package org.cairnfs.meta.raft;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;
import org.cairnfs.meta.MetaLog;

/** Ratis's settings: small, quick to start, and bounded. */
final class RaftSettings {
  /** Longest entry, and what Ratis puts around it. */
  static final SizeInBytes ENTRY_MAX = SizeInBytes.valueOf(MetaLog.MAX_ENTRY_BYTES + (64 << 10));

  /** Ratis wants room for an entry's length and checksum beside it. */
  private static final SizeInBytes WRITE_BUFFER = SizeInBytes.valueOf(ENTRY_MAX.getSize() + 64);

  /** The open segment is held in memory whole. */
  private static final SizeInBytes SEGMENT_MAX = SizeInBytes.valueOf(8 << 20);

  /**
   * Written as zeroes ahead of the log, so that most syncs need not record a new length. Little,
   * because the page cache keeps what is written at once in one piece, and dirties all of it with
   * every entry.
   */
  private static final SizeInBytes PREALLOCATED = SizeInBytes.valueOf(4 << 10);

  /** A voter that is alone waits for nobody before it stands for election. */
  private static final TimeDuration ELECTION_TIMEOUT_MIN =
      TimeDuration.valueOf(10, TimeUnit.MILLISECONDS);

  private static final TimeDuration ELECTION_TIMEOUT_MAX =
      TimeDuration.valueOf(20, TimeUnit.MILLISECONDS);

  /** A machine that slept is no reason to stop. */
  private static final TimeDuration PAUSE_TOLERATED = TimeDuration.valueOf(365, TimeUnit.DAYS);

  private static final TimeDuration RETRY_CACHE_EXPIRY = TimeDuration.valueOf(1, TimeUnit.SECONDS);

  /** Between attempts at a peer that does not answer. */
  private static final TimeDuration PEERS_RETRY = TimeDuration.valueOf(100, TimeUnit.MILLISECONDS);

  /** Longer than a request is repeated. Each entry costs memory until then. */
  private static final TimeDuration PEERS_RETRY_CACHE_EXPIRY =
      TimeDuration.valueOf(1, TimeUnit.MINUTES);

  /** Requests come from one place, which waits for replies: a few threads do. */
  private static final int THREADS = 2;

  /** For a group of one. */
  static RaftProperties alone(Path directory) {
    RaftProperties properties = common(directory);
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, ELECTION_TIMEOUT_MIN);
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, ELECTION_TIMEOUT_MAX);
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(properties, PAUSE_TOLERATED);
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, RETRY_CACHE_EXPIRY);
    return properties;
  }

  /** For a group of several, which have a wire between them. */
  static RaftProperties among(Path directory, RaftTiming timing) {
    RaftProperties properties = common(directory);
    TimeDuration electionMax = millis(timing.electionMax());
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(timing.electionMin()));
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, electionMax);
    RaftServerConfigKeys.Rpc.setSleepTime(properties, PEERS_RETRY);
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
        properties, electionMax.multiply(2));
    // New voters were learners before, so they have what there is and vote for nobody on their own.
    RaftServerConfigKeys.LeaderElection.setMemberMajorityAdd(properties, true);
    RaftServerConfigKeys.setStagingTimeout(properties, millis(timing.newcomerSilence()));
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, PEERS_RETRY_CACHE_EXPIRY);
    // The store is the snapshot: it has no files that the leader could send.
    RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(properties, false);
    return properties;
  }

  private static TimeDuration millis(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static RaftProperties common(Path directory) {
    RaftProperties properties = new RaftProperties();
    RaftConfigKeys.Rpc.setType(properties, new WireRpcType());
    RaftServerConfigKeys.setStorageDir(properties, List.of(directory.toFile()));
    RaftServerConfigKeys.setCloseThreshold(properties, PAUSE_TOLERATED);

    RaftServerConfigKeys.ThreadPool.setClientSize(properties, THREADS);
    RaftServerConfigKeys.ThreadPool.setProxySize(properties, THREADS);
    RaftServerConfigKeys.ThreadPool.setServerSize(properties, THREADS);

    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SEGMENT_MAX);
    RaftServerConfigKeys.Log.setPreallocatedSize(properties, PREALLOCATED);
    RaftServerConfigKeys.Log.setWriteBufferSize(properties, WRITE_BUFFER);
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, ENTRY_MAX);
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 1);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SEGMENT_MAX);
    RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
    RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
    // A power cut can tear the last entry; everything before it is intact and is served.
    RaftServerConfigKeys.Log.setCorruptionPolicy(
        properties, RaftServerConfigKeys.Log.CorruptionPolicy.WARN_AND_RETURN);

    // Composing them, the library (3.3.0) drops entries that come with one it is still writing, and
    // says that it has them.
    RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(properties, false);

    // The state machine decides when there is something to say: see MetaStateMachine.takeSnapshot.
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, 1);
    return properties;
  }

  private RaftSettings() {}
}
