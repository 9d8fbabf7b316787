package org.cairnfs.vfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SteadyLog;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;

/**
 * One log of several nodes, on the heap. Each node applies it on a thread of its own, as late as
 * chance will have it; an entry is answered by whichever node applies it first.
 */
final class ClusterLog implements AutoCloseable {
  private static final int DELAY_MAX_MICROS = 2_000;

  private final boolean late;
  private final Random random;

  /** Guarded by this, as is everything below. */
  private final List<byte[]> entries = new ArrayList<>();

  private final Map<Integer, CompletableFuture<byte[]>> replies = new HashMap<>();
  private boolean closed;

  /** @param late whether nodes take their time */
  ClusterLog(boolean late, long seed) {
    this.late = late;
    this.random = new Random(seed);
  }

  /** A node that follows the log into its own store. */
  final class Node implements SteadyLog {
    private final MetaStore store;
    private final Thread thread = new Thread(this::follow, "follower");

    /** Guarded by the cluster. */
    private boolean cutOff;

    private int applied;

    /** Guarded by the cluster: proposals that nobody else heard of. */
    private final List<CompletableFuture<byte[]>> unheard = new ArrayList<>();

    Node(MetaStore store) {
      this.store = store;
      thread.setDaemon(true);
      thread.start();
    }

    /** Nothing reaches this node, and nothing it says reaches others. */
    void cutOff(boolean nowCutOff) {
      synchronized (ClusterLog.this) {
        cutOff = nowCutOff;
        ClusterLog.this.notifyAll();
      }
    }

    /** Refuses what nobody else heard of, as a log does that has had no leader for long. */
    void refuseUnheard() {
      List<CompletableFuture<byte[]>> refused;
      synchronized (ClusterLog.this) {
        refused = List.copyOf(unheard);
        unheard.clear();
      }
      refused.forEach(reply -> reply.completeExceptionally(new IOException("no leader")));
    }

    private void follow() {
      try {
        while (true) {
          byte[] entry;
          int delayMicros;
          synchronized (ClusterLog.this) {
            while ((cutOff || applied == entries.size()) && !closed) {
              ClusterLog.this.wait();
            }
            if (closed) {
              return;
            }
            entry = entries.get(applied++);
            delayMicros = late ? random.nextInt(DELAY_MAX_MICROS) : 0;
          }
          if (delayMicros > DELAY_MAX_MICROS / 2) {
            Thread.sleep(1);
          }
          byte[] reply = store.apply(1, applied, entry);
          CompletableFuture<byte[]> waiting;
          synchronized (ClusterLog.this) {
            waiting = replies.remove(applied);
          }
          if (waiting != null) {
            waiting.complete(reply);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public CompletableFuture<byte[]> propose(byte[] entry) {
      CompletableFuture<byte[]> reply = new CompletableFuture<>();
      synchronized (ClusterLog.this) {
        if (closed) {
          return CompletableFuture.failedFuture(new IOException("closed"));
        }
        if (!cutOff) {
          entries.add(entry);
          replies.put(entries.size(), reply);
          ClusterLog.this.notifyAll();
        } else {
          unheard.add(reply);
        }
      }
      return reply;
    }

    @Override
    public boolean hasLeader() {
      synchronized (ClusterLog.this) {
        return !cutOff;
      }
    }
  }

  /** How many operations of these kinds were proposed. */
  synchronized long count(List<MetaOp.KindCase> kinds) throws IOException {
    long count = 0;
    for (byte[] entry : entries) {
      count += MetaEntry.parseFrom(entry).getOpsList().stream()
          .filter(op -> kinds.contains(op.getKindCase()))
          .count();
    }
    return count;
  }

  @Override
  public synchronized void close() {
    closed = true;
    replies.values().forEach(reply -> reply.completeExceptionally(new IOException("closed")));
    notifyAll();
  }
}
