package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Replication;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link BlobSimulation} has of metadata: files of one blob each, their blobs' counts and
 * garbage, sessions with a lease, who is draining. Applied entry by entry, as the real tables are.
 */
final class SimMeta {
  enum Outcome {
    APPLIED,
    FENCED
  }

  /** What an entry does; applied together. */
  sealed interface Op {
    record Write(int file, BlobId blob, int plainLength) implements Op {}

    record Remove(int file) implements Op {}

    record Drop(List<BlobId> blobs) implements Op {}

    record Open(int session, int node) implements Op {}

    record End(int session) implements Op {}

    record Drain(int node, boolean draining) implements Op {}

    record Leave(int node) implements Op {}

    record Replicas(int count) implements Op {}
  }

  /** An entry of the log; session 0 is nobody's. */
  static final class Entry {
    final int session;
    final int number;
    final List<Op> ops;

    /** In the log, or 0 if it is not there. */
    int index;

    Entry(int session, int number, List<Op> ops) {
      this.session = session;
      this.number = number;
      this.ops = ops;
    }

    @Override
    public String toString() {
      return session + "/" + number + "@" + index + ops;
    }
  }

  final TreeMap<Integer, BlobId> files = new TreeMap<>();
  final TreeMap<BlobId, Integer> counts = new TreeMap<>();
  final Map<BlobId, Integer> lengths = new HashMap<>();
  final TreeSet<BlobId> garbage = new TreeSet<>();
  final Set<Integer> draining = new HashSet<>();
  final Set<Integer> gone = new HashSet<>();
  int replicas = Replication.DEFAULT.replicas();

  /**
   * Live sessions with their nodes, in the order in which they were opened: the first may write.
   */
  final TreeMap<Integer, Integer> sessions = new TreeMap<>();

  int applied;

  SimMeta copy() {
    SimMeta copy = new SimMeta();
    copy.files.putAll(files);
    copy.counts.putAll(counts);
    copy.lengths.putAll(lengths);
    copy.garbage.addAll(garbage);
    copy.draining.addAll(draining);
    copy.gone.addAll(gone);
    copy.replicas = replicas;
    copy.sessions.putAll(sessions);
    copy.applied = applied;
    return copy;
  }

  boolean hasLease(int session) {
    return !sessions.isEmpty() && sessions.firstKey() == session;
  }

  Outcome apply(Entry entry) {
    applied = Math.max(applied, entry.index);
    if (entry.session != 0 && !hasLease(entry.session)) {
      return Outcome.FENCED;
    }
    entry.ops.forEach(this::apply);
    return Outcome.APPLIED;
  }

  /** Blobs of which the entry says that they are needed no longer. */
  static List<BlobId> dropped(Entry entry) {
    List<BlobId> dropped = new ArrayList<>();
    for (Op op : entry.ops) {
      if (op instanceof Op.Drop drop) {
        dropped.addAll(drop.blobs());
      }
    }
    return dropped;
  }

  private void apply(Op op) {
    if (op instanceof Op.Write write) {
      counts.merge(write.blob(), 1, Integer::sum);
      release(files.put(write.file(), write.blob()));
      lengths.put(write.blob(), write.plainLength());
      garbage.remove(write.blob());
    } else if (op instanceof Op.Remove remove) {
      release(files.remove(remove.file()));
    } else if (op instanceof Op.Drop drop) {
      garbage.removeAll(drop.blobs());
    } else if (op instanceof Op.Open open) {
      sessions.values().removeIf(node -> node == open.node());
      sessions.put(open.session(), open.node());
    } else if (op instanceof Op.End end) {
      sessions.remove(end.session());
    } else if (op instanceof Op.Drain drain) {
      if (drain.draining()) {
        draining.add(drain.node());
      } else {
        draining.remove(drain.node());
      }
    } else if (op instanceof Op.Replicas wanted) {
      replicas = wanted.count();
    } else if (op instanceof Op.Leave leave) {
      gone.add(leave.node());
      sessions.values().removeIf(node -> node == leave.node());
    }
  }

  private void release(@Nullable BlobId blob) {
    if (blob != null && counts.merge(blob, -1, Integer::sum) <= 0) {
      counts.remove(blob);
      garbage.add(blob);
    }
  }
}
