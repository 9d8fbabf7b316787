package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import org.cairnfs.blob.SimMeta.Entry;
import org.cairnfs.blob.SimMeta.Op;

/**
 * The metadata log as Raft gives it, without Raft: one order of entries for all, which takes
 * entries when a majority of the nodes hear each other. An entry whose proposer gave up may come
 * all the same, as long as nothing of a later session of that node has.
 */
final class SimLog {
  private static final long GIVE_UP = 30 * SimWorld.SECOND;
  private static final long SILENCE = 6 * SimWorld.SECOND;

  private final SimWorld world;
  private final int nodes;
  private final IntPredicate works;
  private final BiPredicate<Integer, Integer> connected;
  private final List<Entry> entries = new ArrayList<>();
  private final SimMeta end = new SimMeta();
  private final Map<Integer, Long> silentSince = new HashMap<>();
  private Runnable onAppend = () -> {};
  private int leader;

  /**
   * A log.
   *
   * @param works whether a node runs and is not stalled
   * @param connected whether messages get from one to the other
   */
  SimLog(SimWorld world, int nodes, IntPredicate works, BiPredicate<Integer, Integer> connected) {
    this.world = world;
    this.nodes = nodes;
    this.works = works;
    this.connected = connected;
  }

  void onAppend(Runnable listener) {
    onAppend = listener;
  }

  /** The metadata with every committed entry. */
  SimMeta end() {
    return end;
  }

  int length() {
    return entries.size();
  }

  Entry entry(int index) {
    return entries.get(index - 1);
  }

  private boolean isVoter(int node) {
    return !end.gone.contains(node);
  }

  private boolean mayLead(int node) {
    if (!works.test(node) || !isVoter(node)) {
      return false;
    }
    int voters = 0;
    int heard = 0;
    for (int other = 0; other < nodes; other++) {
      if (isVoter(other)) {
        voters++;
        heard += works.test(other) && reach(node, other) ? 1 : 0;
      }
    }
    return heard > voters / 2;
  }

  private boolean reach(int one, int other) {
    return one == other || (connected.test(one, other) && connected.test(other, one));
  }

  /** Whether a node gets through to a leader with a majority; elects one if need be. */
  boolean reachesLeader(int node) {
    if (!mayLead(leader)) {
      for (int i = 1; i <= nodes; i++) {
        int candidate = (leader + i) % nodes;
        if (mayLead(candidate)) {
          leader = candidate;
          break;
        }
      }
    }
    return mayLead(leader) && works.test(node) && reach(node, leader);
  }

  /**
   * Brings an entry into the log.
   *
   * @param after an earlier entry of the same session, which must be there first; or the same
   * @return done when it is there; fails after a while in which it may not have got there
   */
  CompletableFuture<Void> propose(int node, Entry entry, Entry after) {
    CompletableFuture<Void> appended = new CompletableFuture<>();
    attempt(node, entry, after, appended, world.now());
    return appended;
  }

  private void attempt(
      int node, Entry entry, Entry after, CompletableFuture<Void> appended, long since) {
    if (entry.index > 0) {
      appended.complete(null);
    } else if (world.now() - since > GIVE_UP) {
      appended.completeExceptionally(new IllegalStateException("no leader for too long"));
    } else {
      if ((after == entry || after.index > 0) && reachesLeader(node)) {
        // Now and then a leader that is no more had it, and another one finds it much later.
        boolean late = world.chance(0.02);
        world.after(
            SimWorld.MILLI, (late ? 40_000 : 30) * SimWorld.MILLI, () -> append(entry, after));
      }
      world.after(
          50 * SimWorld.MILLI, SimWorld.SECOND, () -> attempt(node, entry, after, appended, since));
    }
  }

  private void append(Entry entry, Entry after) {
    if (entry.index == 0 && (after == entry || after.index > 0) && reachesLeader(leader)) {
      entries.add(entry);
      entry.index = entries.size();
      SimMeta.Outcome outcome = end.apply(entry);
      world.log("committed " + entry + " " + outcome);
      world.changed();
      onAppend.run();
    }
  }

  /** Ends the sessions of nodes that have been silent for too long. */
  void watch() {
    world.after(SimWorld.SECOND, this::watch);
    for (Map.Entry<Integer, Integer> session : new TreeMap<>(end.sessions).entrySet()) {
      if (reachesLeader(session.getValue())) {
        silentSince.remove(session.getKey());
      } else if (reachesLeader(leader)) {
        long since = silentSince.computeIfAbsent(session.getKey(), unused -> world.now());
        if (world.now() - since > SILENCE) {
          Entry entry = new Entry(0, 0, List.of(new Op.End(session.getKey())));
          append(entry, entry);
        }
      } else {
        silentSince.remove(session.getKey());
      }
    }
  }
}
