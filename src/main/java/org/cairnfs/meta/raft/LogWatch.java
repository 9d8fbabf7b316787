package org.cairnfs.meta.raft;

import java.io.IOException;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after a log among other nodes, every tick: what nobody calls for. For one thread. */
final class LogWatch implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(LogWatch.class);

  private final RaftMetaLog log;
  private final RaftTiming timing;
  private final LeaderDuties duties;

  /** How many ticks in a row there was no leader. */
  private long leaderlessTicks;

  LogWatch(RaftMetaLog log, MetaStore store, Members members, RaftTiming timing) {
    this.log = log;
    this.timing = timing;
    this.duties = new LeaderDuties(log, store, members, log.workload(), timing);
  }

  @Override
  public void run() {
    if (!log.isAmong()) {
      return;
    }
    try {
      log.tick();
      RaftInstance raft = log.current();
      if (raft != null && raft.isOver()) {
        log.over(raft);
      } else if (raft != null) {
        duties.perform(raft);
      }
      log.workload().tick();
      // What waits for room on the disk is not lost.
      leaderlessTicks = log.hasLeader() || log.stalled() != null ? 0 : leaderlessTicks + 1;
      long limitTicks = Math.max(1, timing.noLeader().dividedBy(timing.tick()));
      if (leaderlessTicks >= limitTicks) {
        log.refuseLate(
            limitTicks, new IOException("no leader for " + timing.noLeader().toSeconds() + " s"));
      }
    } catch (RuntimeException e) {
      LOG.warn("The metadata log could not be looked after; the next try follows", e);
    }
  }
}
