package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.PeerClient;
import org.cairnfs.net.PeerException;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.RefusedRequestException;
import org.cairnfs.net.Reply;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.PeerHeartbeat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every other node every second how it fares, answers the same question, and so knows who can
 * be talked to and where. Also notices when this node's identity is in use elsewhere. Thread-safe.
 */
public final class Heartbeats {
  private static final Logger LOG = LoggerFactory.getLogger(Heartbeats.class);

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** Shorter than the silence, so that one lost answer takes nobody down. */
  private static final Duration ANSWER_LIMIT = Duration.ofMillis(2500);

  private static final Duration SILENCE_LIMIT = Duration.ofSeconds(3);
  private static final Duration LOOK_UP_INTERVAL = Duration.ofSeconds(5);

  /** How long a start waits for others to say whether this node is running already. */
  private static final Duration CLAIM_LIMIT = Duration.ofSeconds(4);

  private static final int RUN_ID_BYTES = 16;
  private static final int MEMBERS_MAX = 256;

  private final NodeId id;
  private final Self self;
  private final PeerMembership membership;
  private final LongSupplier ticker;
  private final ByteString runId;
  private final Runs runs = new Runs(this::callRun);
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Guarded by itself, with the states in it. */
  private final Map<NodeId, PeerState> peers = new HashMap<>();

  /** The entry after which the nodes were last what they are. */
  private volatile long membersIndex;

  private volatile List<ListenAddress> bootstrap = List.of();
  private volatile @Nullable PeerClient client;
  private volatile Consumer<OperatorException> onEnd = why -> LOG.error("{}", why.getMessage());
  private long lookedUpNanos;

  /** @param ticker nanoseconds of a clock that never jumps */
  public Heartbeats(
      NodeId id, Self self, PeerMembership membership, SecureRandom random, LongSupplier ticker) {
    this.id = id;
    this.self = self;
    this.membership = membership;
    this.ticker = ticker;
    byte[] run = new byte[RUN_ID_BYTES];
    random.nextBytes(run);
    this.runId = ByteString.copyFrom(run);
    this.lookedUpNanos = ticker.getAsLong();
    membersChanged();
  }

  /** Has the server take heartbeats. */
  void register(Handlers.Builder handlers, Executor executor) {
    handlers.on(PeerMessages.HEARTBEAT, this::handle, executor);
  }

  /**
   * Finds out whether this node runs elsewhere already, or was removed, from those who can be
   * reached. Blocks for some seconds at most. To be called when this node's own server answers.
   *
   * @throws OperatorException if it does
   */
  void claim(PeerClient opened) throws OperatorException {
    client = opened;
    List<CompletableFuture<?>> asked = new ArrayList<>();
    CompletableFuture<OperatorException> dismissed = new CompletableFuture<>();
    for (KnownNode node : others()) {
      asked.add(ask(opened, node).exceptionally(problem -> {
        OperatorException why = Dismissal.of(cause(problem));
        if (why != null) {
          dismissed.complete(why);
        }
        return null;
      }));
    }
    CompletableFuture<Void> all =
        CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new));
    CompletableFuture<Object> either = CompletableFuture.anyOf(all, dismissed);
    var unused = either
        .completeOnTimeout("", CLAIM_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
        .join();
    if (dismissed.isDone()) {
      throw dismissed.join();
    }
  }

  /**
   * Goes on every second until the timer ends.
   *
   * @param opened the way to others
   * @param elsewhere where to look for nodes that are at none of the places known
   * @param end told if it turns out that this node runs elsewhere, too, or was removed
   */
  void start(
      ScheduledExecutorService timer,
      PeerClient opened,
      List<ListenAddress> elsewhere,
      Consumer<OperatorException> end) {
    client = opened;
    bootstrap = elsewhere;
    onEnd = end;
    var unused =
        timer.scheduleAtFixedRate(this::beat, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Has a listener called when somebody may be live or not any more, or has something to say. */
  void onBeat(Runnable listener) {
    listeners.add(listener);
  }

  /** The nodes of the cluster are others than before. Does not block. */
  void membersChanged() {
    membersIndex = self.appliedIndex();
  }

  private List<KnownNode> others() {
    return membership.nodes().values().stream()
        .filter(node -> !node.id().equals(id))
        .toList();
  }

  private void beat() {
    PeerClient current = client;
    if (current == null) {
      return;
    }
    try {
      List<KnownNode> others = others();
      synchronized (peers) {
        peers
            .keySet()
            .removeIf(peer -> others.stream().noneMatch(node -> node.id().equals(peer)));
      }
      for (KnownNode node : others) {
        if (beginAsking(node.id())) {
          var unused = ask(current, node).exceptionally(problem -> null);
        }
      }
      lookElsewhere(current, others);
      listeners.forEach(Runnable::run);
    } catch (RuntimeException e) {
      LOG.error("A round of heartbeats failed", e);
    }
  }

  private boolean beginAsking(NodeId node) {
    synchronized (peers) {
      return peer(node).beginAsking();
    }
  }

  /** Call with the lock held. */
  private PeerState peer(NodeId node) {
    return peers.computeIfAbsent(node, unused -> new PeerState(ticker.getAsLong()));
  }

  private CompletableFuture<PeerHeartbeat> ask(PeerClient over, KnownNode node) {
    List<ListenAddress> places;
    synchronized (peers) {
      places = peer(node.id()).places(node.addresses());
    }
    if (!places.isEmpty()) {
      over.setAddress(node.id(), socketAddress(places.get(0)));
    }
    long asked = ticker.getAsLong();
    return over.request(node.id(), PeerMessages.HEARTBEAT, encode(own()), ANSWER_LIMIT)
        .thenApply(Heartbeats::parse)
        .whenComplete((answer, problem) -> {
          if (problem == null) {
            answered(node.id(), asked, answer);
          } else {
            failed(node.id(), problem);
          }
        });
  }

  private static PeerHeartbeat parse(ByteBuffer body) {
    try {
      return PeerHeartbeat.parseFrom(body);
    } catch (InvalidProtocolBufferException e) {
      throw new CompletionException(e);
    }
  }

  private static InetSocketAddress socketAddress(ListenAddress address) {
    return InetSocketAddress.createUnresolved(address.host(), address.port());
  }

  private void answered(NodeId node, long asked, PeerHeartbeat heartbeat) {
    boolean news;
    String wrong;
    synchronized (peers) {
      news = !isLive(node);
      wrong = peer(node).answered(asked, ticker.getAsLong(), heartbeat, self.clockMillis());
    }
    vouch(heartbeat);
    if (news) {
      LOG.info("{} answers", node);
      listeners.forEach(Runnable::run);
    }
    if (!wrong.isEmpty()) {
      LOG.warn("Of {}: {}", node, wrong);
    }
  }

  private void vouch(PeerHeartbeat heartbeat) {
    if (heartbeat.getMembersCount() > 0) {
      try {
        membership.vouch(
            KnownNodes.decode(heartbeat.getMembersList()), heartbeat.getMembersIndex());
      } catch (OperatorException e) {
        LOG.warn("A peer names nodes in a way that is not known here", e);
      }
    }
  }

  private void failed(NodeId node, Throwable problem) {
    OperatorException dismissal = Dismissal.of(cause(problem));
    boolean news;
    synchronized (peers) {
      news = isLive(node);
      peer(node).failed(isGone(problem), messageOf(problem));
      news &= !isLive(node);
    }
    if (dismissal != null) {
      onEnd.accept(dismissal);
    }
    if (news) {
      LOG.warn("{} does not answer: {}", node, messageOf(problem));
      listeners.forEach(Runnable::run);
    }
  }

  /** A connection that ended, or too much under way, says little of the peer. */
  private static boolean isGone(Throwable problem) {
    return !(cause(problem) instanceof PeerException failure)
        || switch (failure.reason()) {
          case UNREACHABLE, TIMEOUT, REFUSED -> true;
          case BUSY, LOST, ABANDONED, CLOSED -> false;
        };
  }

  private static Throwable cause(Throwable problem) {
    return problem instanceof CompletionException && problem.getCause() != null
        ? problem.getCause()
        : problem;
  }

  private static String messageOf(Throwable problem) {
    return String.valueOf(cause(problem).getMessage());
  }

  /** Nodes may have moved all at once: the addresses of the configuration may still be right. */
  private void lookElsewhere(PeerClient over, List<KnownNode> others) {
    long now = ticker.getAsLong();
    if (bootstrap.isEmpty()
        || now - lookedUpNanos < LOOK_UP_INTERVAL.toNanos()
        || others.stream().allMatch(node -> isLive(node.id()))) {
      return;
    }
    lookedUpNanos = now;
    List<InetSocketAddress> used = new ArrayList<>();
    others.forEach(node -> over.address(node.id()).ifPresent(used::add));
    for (ListenAddress address : bootstrap) {
      InetSocketAddress place = socketAddress(address);
      if (!used.contains(place)) {
        var unused = over.identify(place, ANSWER_LIMIT).whenComplete((found, problem) -> {
          if (found == null) {
            LOG.debug("Nobody known at {}", place, problem);
          }
        });
      }
    }
  }

  /** Whether a node can be talked to; this one always. */
  public boolean isLive(NodeId node) {
    if (node.equals(id)) {
      return true;
    }
    synchronized (peers) {
      PeerState state = peers.get(node);
      return state != null && state.isLive(ticker.getAsLong(), SILENCE_LIMIT);
    }
  }

  /** Whether a node can be talked to and has its metadata log open. */
  public boolean takesPart(NodeId node) {
    Report report = report(node);
    return report != null && report.live() && report.said().getLogOpen();
  }

  /**
   * How another node fares.
   *
   * @param trouble why it is not live, or what is wrong with it all the same; empty if nothing
   */
  public record Report(
      boolean live, Duration silence, Duration roundTrip, PeerHeartbeat said, String trouble) {}

  /** How a node fares; null if nothing was heard of it yet. */
  public @Nullable Report report(NodeId node) {
    synchronized (peers) {
      PeerState state = peers.get(node);
      if (state == null) {
        return null;
      }
      long now = ticker.getAsLong();
      boolean live = state.isLive(now, SILENCE_LIMIT);
      return new Report(
          live, state.silence(now), state.roundTrip(), state.said(), state.trouble(live));
    }
  }

  private PeerHeartbeat own() {
    // The index comes before the count: a count is of a node that has applied that much, at least.
    PeerHeartbeat.Builder own = PeerHeartbeat.newBuilder()
        .setRunId(runId)
        .addAllAddresses(self.addresses().stream().map(ListenAddress::toString).toList())
        .setUsedBytes(self.usedBytes())
        .setCapacityBytes(self.capacityBytes())
        .setAppliedIndex(self.appliedIndex())
        .setSoftware(self.software())
        .setClockMillis(self.clockMillis())
        .setLogOpen(self.logOpen());
    self.blobsToMove().ifPresent(own::setBlobsToMove);
    return own.build();
  }

  private static ByteBuffer encode(PeerHeartbeat heartbeat) {
    return ByteBuffer.wrap(heartbeat.toByteArray());
  }

  private CompletionStage<Reply> handle(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException {
    PeerHeartbeat heartbeat;
    try {
      heartbeat = PeerHeartbeat.parseFrom(body);
    } catch (InvalidProtocolBufferException e) {
      throw new RefusedRequestException(FailureCode.INVALID, "that is no heartbeat");
    }
    if (heartbeat.getRunId().size() != RUN_ID_BYTES) {
      throw new RefusedRequestException(FailureCode.INVALID, "a run's id has 16 bytes");
    }
    return runs.admit(peer.id(), heartbeat.getRunId()).thenCompose(only -> {
      if (!only) {
        LOG.error("{} runs twice; refused the one at {}", peer.id(), peer.remote());
        return CompletableFuture.failedFuture(new RefusedRequestException(
            FailureCode.DUPLICATE,
            "another node with the identity " + peer.id() + " is running, at "
                + placeOf(peer.id())));
      }
      heardFrom(peer.id(), heartbeat);
      return CompletableFuture.completedFuture(Reply.of(encode(answer(heartbeat))));
    });
  }

  private String placeOf(NodeId node) {
    PeerClient current = client;
    return current == null
        ? "an unknown address"
        : current
            .address(node)
            .map(address -> address.getHostString() + ":" + address.getPort())
            .orElse("an unknown address");
  }

  private void heardFrom(NodeId node, PeerHeartbeat heartbeat) {
    boolean live;
    synchronized (peers) {
      live = isLive(node);
      peer(node).heardFrom(heartbeat);
    }
    PeerClient current = client;
    if (!live && current != null) {
      // It is there again, perhaps elsewhere: no need to wait for the next attempt.
      current.forgive(node);
    }
  }

  private PeerHeartbeat answer(PeerHeartbeat asking) {
    PeerHeartbeat own = own();
    long index = membersIndex;
    if (asking.getAppliedIndex() >= index) {
      return own;
    }
    return own.toBuilder()
        .addAllMembers(membership.nodes().values().stream()
            .limit(MEMBERS_MAX)
            .map(KnownNode::encode)
            .toList())
        .setMembersIndex(index)
        .build();
  }

  /** Which run of a node answers where it was last. */
  private CompletableFuture<ByteString> callRun(NodeId node) {
    PeerClient current = client;
    if (current == null) {
      return CompletableFuture.failedFuture(new IllegalStateException("nobody can be called yet"));
    }
    return current
        .request(node, PeerMessages.HEARTBEAT, encode(own()), INTERVAL)
        .thenApply(answer -> parse(answer).getRunId());
  }
}
