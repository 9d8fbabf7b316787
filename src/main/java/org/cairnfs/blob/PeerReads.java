package org.cairnfs.blob;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches bytes of blobs from the peers that have them: those it belongs to first, the nearest and
 * least busy of them first, then whoever is there. When one sends nothing for a while a second one
 * is asked beside it, and the first answer wins (Dean and Barroso, "The tail at scale", CACM 2013).
 *
 * <p>Thread-safe. Blocks the caller.
 */
final class PeerReads {
  private static final Logger LOG = LoggerFactory.getLogger(PeerReads.class);

  /** Peers asked for the same bytes at the same time. */
  private static final int BESIDE_MAX = 3;

  /** Round trips below this differ by chance. */
  private static final long NEAR_NANOS = 1_000_000;

  private final BlobNodes nodes;
  private final BlobPeers peers;
  private final ClusterSettings settings;
  private final LongSupplier ticker;
  private final ConcurrentMap<NodeId, PeerPace> paces = new ConcurrentHashMap<>();
  private final Set<Race> races = ConcurrentHashMap.newKeySet();
  private final LongAdder fetchedBytes = new LongAdder();
  private volatile boolean closed;

  PeerReads(ClusterBlobs.Peers others, ClusterSettings settings, LongSupplier ticker) {
    this.nodes = others.nodes();
    this.peers = others.peers();
    this.settings = settings;
    this.ticker = ticker;
  }

  /**
   * Part of a blob, from the first peer whose bytes are accepted.
   *
   * @param verifier whether these bytes, from position to limit, are what they should be; a peer
   *     that sent others is told, and the next one asked
   * @throws IOException if no live peer has them
   */
  ByteBuffer fetch(BlobId id, int offset, int length, Predicate<ByteBuffer> verifier)
      throws IOException {
    Race race = new Race(id, offset, length, verifier);
    races.add(race);
    try {
      ByteBuffer bytes = race.run();
      fetchedBytes.add(bytes.remaining());
      return bytes;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a blob was fetched");
    } finally {
      races.remove(race);
      race.end();
    }
  }

  /** Bytes of blobs that peers have sent, those only that were accepted. */
  long fetchedBytes() {
    return fetchedBytes.sum();
  }

  /** Ends all fetches, now and later: they fail. */
  void close() {
    closed = true;
    races.forEach(Race::wake);
  }

  private List<BlobNode> candidates(BlobId id) {
    List<BlobNode> all = nodes.nodes();
    List<BlobNode> placed = Placement.placed(id, all, nodes.replication().replicasOf(all.size()));
    List<BlobNode> first = new ArrayList<>();
    List<BlobNode> then = new ArrayList<>();
    for (BlobNode node : all) {
      if (node.live() && !node.id().equals(nodes.self())) {
        (placed.contains(node) ? first : then).add(node);
      }
    }
    first.sort(Comparator.comparingInt(PeerReads::distance)
        .thenComparingInt(node -> pace(node).asked())
        .thenComparingInt(placed::indexOf));
    first.addAll(Placement.order(id, then));
    return first;
  }

  /** Doubles of the round trip: what differs by less is equally near. */
  private static int distance(BlobNode node) {
    return Long.SIZE - Long.numberOfLeadingZeros(node.roundTrip().toNanos() / NEAR_NANOS);
  }

  private PeerPace pace(BlobNode node) {
    return paces.computeIfAbsent(node.id(), id -> new PeerPace());
  }

  /** One peer that was asked. */
  private static final class Attempt {
    final BlobNode node;
    final RemoteBlobs peer;
    final RemoteBlobs.Fetch fetch;
    final long sinceNanos;
    int seen;

    Attempt(BlobNode node, RemoteBlobs peer, RemoteBlobs.Fetch fetch, long sinceNanos) {
      this.node = node;
      this.peer = peer;
      this.fetch = fetch;
      this.sinceNanos = sinceNanos;
    }

    /** Whether more bytes have come since this was last asked. */
    boolean hasProgressed() {
      int before = seen;
      seen = fetch.arrived().get();
      return seen > before;
    }
  }

  /** What came; without an attempt it is only to wake who waits. */
  private record Answer(
      @Nullable Attempt attempt,
      @Nullable ByteBuffer bytes,
      @Nullable Throwable problem) {}

  /** One fetch, from however many peers. For one thread. */
  private final class Race {
    private final BlobId id;
    private final int offset;
    private final int length;
    private final Predicate<ByteBuffer> verifier;
    private final Deque<BlobNode> candidates;
    private final List<Attempt> running = new ArrayList<>();
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final IOException failure;

    Race(BlobId id, int offset, int length, Predicate<ByteBuffer> verifier) {
      this.id = id;
      this.offset = offset;
      this.length = length;
      this.verifier = verifier;
      candidates = new ArrayDeque<>(candidates(id));
      failure = new IOException("no live node gives an intact copy of blob " + id);
    }

    ByteBuffer run() throws IOException, InterruptedException {
      long deadline = ticker.getAsLong() + settings.copiesLimit().toNanos();
      askNext();
      while (!closed && !running.isEmpty() && ticker.getAsLong() - deadline < 0) {
        Attempt latest = running.get(running.size() - 1);
        Duration patience = pace(latest.node).patience(latest.node, settings.hedgeMin());
        Answer answer = answers.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        Attempt answered = answer == null ? null : answer.attempt();
        if (answer == null || answered == null) {
          boolean silent =
              running.stream().filter(Attempt::hasProgressed).findAny().isEmpty();
          if (silent && running.size() < BESIDE_MAX) {
            askNext();
          }
          continue;
        }
        ByteBuffer bytes = accepted(answered, answer);
        if (bytes != null) {
          return bytes;
        }
        askNext();
      }
      throw failure;
    }

    private void askNext() {
      BlobNode node = candidates.poll();
      if (node == null) {
        return;
      }
      RemoteBlobs peer = peers.of(node.id());
      Attempt attempt = new Attempt(node, peer, peer.get(id, offset, length), ticker.getAsLong());
      running.add(attempt);
      PeerPace pace = pace(node);
      pace.begin();
      var unused = attempt.fetch.bytes().whenComplete((bytes, problem) -> {
        pace.end();
        answers.add(new Answer(attempt, bytes, problem));
      });
    }

    private @Nullable ByteBuffer accepted(Attempt attempt, Answer answer) {
      running.remove(attempt);
      ByteBuffer bytes = answer.bytes();
      if (bytes == null) {
        LOG.debug("{} does not give blob {}", attempt.node.id(), id, answer.problem());
        if (answer.problem() != null) {
          failure.addSuppressed(answer.problem());
        }
        return null;
      }
      if (!verifier.test(bytes)) {
        LOG.warn("What {} sent of blob {} does not verify", attempt.node.id(), id);
        attempt.peer.suspect(id);
        return null;
      }
      pace(attempt.node).took(ticker.getAsLong() - attempt.sinceNanos);
      return bytes;
    }

    /** Has the thread that waits look whether this is closed. */
    void wake() {
      answers.add(new Answer(null, null, null));
    }

    /** Whoever is still asked need not answer any more. */
    void end() {
      running.forEach(attempt -> attempt.fetch.bytes().cancel(false));
    }
  }
}
