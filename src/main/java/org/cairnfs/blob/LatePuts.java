package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.PeerException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts blobs written here to the nodes that they did not get to when they were written: the way was
 * interrupted, or too much was waiting for it, or the node was down as this one saw it. Such a node
 * need not have noticed anything. One after the other, when the node can be reached, and after a
 * failure less and less often. Thread-safe.
 */
final class LatePuts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LatePuts.class);

  /** Between rounds after which something is left to do; at first less. */
  private static final Duration AGAIN_MAX = Duration.ofSeconds(30);

  private final LocalBlobs local;
  private final ClusterBlobs.Peers others;
  private final MissedCopies missed;
  private final Pace pace;
  private final Duration settle;
  private final Due due;
  private final AtomicBoolean running = new AtomicBoolean();
  private volatile CompletableFuture<?> underWay = CompletableFuture.completedFuture(null);

  /** Before the next round. For the round under way. */
  private Duration pause;

  /**
   * Puts what is missed.
   *
   * @param missed copies of other nodes
   * @param settle before the first try and after each
   */
  LatePuts(
      LocalBlobs local,
      ClusterBlobs.Peers others,
      MissedCopies missed,
      Pace pace,
      Duration settle,
      LongSupplier ticker) {
    this.local = local;
    this.others = others;
    this.missed = missed;
    this.pace = pace;
    this.due = new Due(ticker);
    this.settle = settle;
    this.pause = settle;
  }

  /** A blob did not get to a node that is to have it. Does not block. */
  void missed(BlobId blob, NodeId node) {
    if (missed.add(blob, node)) {
      trySoon();
    }
  }

  /** Nodes that could not be reached perhaps can be. Does not block. */
  void trySoon() {
    due.in(settle);
  }

  /** How many copies are missing as far as this node knows. */
  long count() {
    return missed.count();
  }

  /** Whether there is something to do now; if so the caller has {@link #run} called. */
  boolean begin() {
    return due.isNow() && !missed.isEmpty() && running.compareAndSet(false, true);
  }

  /** Tries each once, but for nodes that cannot be reached. Blocks on the disk and on peers. */
  void run() {
    boolean failed = true;
    try {
      failed = !putAll();
    } catch (RuntimeException e) {
      LOG.error("Bringing blobs to nodes that missed them failed; it goes on later", e);
    }
    Duration next = failed ? pause : settle;
    pause = failed && pause.compareTo(AGAIN_MAX) < 0 ? pause.multipliedBy(2) : next;
    due.in(next);
    running.set(false);
  }

  /** Returns whether all nodes could be reached that are up. */
  private boolean putAll() {
    Set<NodeId> unreachable = new HashSet<>();
    for (BlobNode node : others.nodes().nodes()) {
      if (!node.live()) {
        unreachable.add(node.id());
      }
    }
    int down = unreachable.size();
    for (MissedCopies.Copy copy : missed.list()) {
      if (!pace.isClosed()
          && !unreachable.contains(copy.node())
          && missed.mayBeNeeded(copy)
          && !put(copy)) {
        unreachable.add(copy.node());
      }
    }
    return unreachable.size() == down;
  }

  /** Whether a node was reached and could not store a blob: it knows what it lacks. */
  static boolean isKnownThere(Throwable problem) {
    @Nullable
    Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
    return cause instanceof PeerException refusal
        && refusal.reason() == PeerException.Reason.REFUSED
        && (refusal.code() == FailureCode.NO_SPACE || refusal.code() == FailureCode.FAILED);
  }

  /** Returns false if the node cannot be reached. */
  private boolean put(MissedCopies.Copy copy) {
    BlobId id = copy.blob();
    RemoteBlobs peer = others.peers().of(copy.node());
    try {
      OptionalInt there = await(peer.hold(id));
      byte[] own = there.isPresent() ? null : local.readIntact(id);
      if (own != null && pace.take(own.length)) {
        ByteBuffer message = ByteBuffer.allocate(BlobId.SIZE_BYTES + own.length);
        id.write(message);
        boolean unused = await(peer.put(id, message.put(own).flip()));
      }
      // Without a copy here there is nothing to do: it was given up since the others have theirs.
      missed.remove(copy);
      return true;
    } catch (CompletionException | CancellationException e) {
      LOG.debug("Blob {} still does not get to {}", id, copy.node(), e);
      boolean known = isKnownThere(e);
      if (known) {
        missed.remove(copy);
      }
      return known;
    } catch (IOException e) {
      LOG.warn("Blob {}, which {} lacks, cannot be read", id, copy.node(), e);
      missed.remove(copy);
      return true;
    }
  }

  private <T> T await(CompletableFuture<T> answer) {
    underWay = answer;
    if (pace.isClosed()) {
      answer.cancel(false);
    }
    return answer.join();
  }

  /** Ends what is under way. The pace was closed before. */
  @Override
  public void close() {
    underWay.cancel(false);
  }
}
