package org.cairnfs.node.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberChanges;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.net.LocalNode;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's place in its cluster: who the others are and how they fare, the network to them, and
 * what they are told of this node. Thread-safe.
 *
 * <p>Opened in two steps, around the metadata log: {@link #open} lets others reach this node, and
 * is left out for a cluster of one that does not listen; {@link #begin} takes part.
 */
public final class Cluster implements AutoCloseable {
  /** Where a node listens that was not told. */
  public static final ListenAddress DEFAULT_LISTEN = new ListenAddress("0.0.0.0", 7747);

  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
  private static final int ANNOUNCE_SECONDS = 5;

  /**
   * What the node is made of.
   *
   * @param software name and version, for people
   * @param diskBytes size of the disk that has its blobs
   */
  public record Node(
      Home home, NodeConfig config, NodeIdentity identity, String software, long diskBytes) {}

  /**
   * The threads that work for this.
   *
   * @param timer short tasks by the clock; one thread
   * @param requests answer other nodes; a few, which may wait for the disk
   * @param loops makes the threads that move bytes
   */
  public record Threads(
      ScheduledExecutorService timer, ExecutorService requests, ThreadFactory loops) {}

  private final Node node;
  private final MetaStore store;
  private final Members members;
  private final Threads threads;
  private final Clock clock;
  private final List<KnownNode> told;
  private final OwnState self;
  private final PeerMembership membership;
  private final Heartbeats heartbeats;
  private final ClusterBlobNodes blobNodes;
  private final PeerNetwork network;
  private final JoinService joins;
  private final AtomicBoolean announcing = new AtomicBoolean();

  /** The members that are on stable storage. Only the timer uses it. */
  private List<Member> remembered;

  private volatile @Nullable MemberChanges changes;
  private volatile Runnable connect = () -> {};
  private volatile Consumer<OperatorException> onEnd =
      why -> LOG.error("this node has to end: {}", why.getMessage());

  /**
   * Reads whom the node knows; reaches nobody yet.
   *
   * @param store of the metadata, of which the members are followed
   */
  public Cluster(Node node, MetaStore store, Threads threads, Clock clock, SecureRandom random)
      throws OperatorException {
    this.node = node;
    this.store = store;
    this.threads = threads;
    this.clock = clock;
    this.members = new Members(store);
    this.remembered = List.copyOf(members.list());
    this.told = told(node.home());
    LongSupplier appliedIndex = () -> store.applied().index();
    this.membership = new PeerMembership(members, told, appliedIndex);
    LocalNode local = new LocalNode(
        node.identity().id(),
        node.config().clusterId(),
        Set.of(node.config().profile().role()),
        0,
        node.software());
    this.network = new PeerNetwork(node.identity(), local, membership, threads.loops(), random);
    this.self = new OwnState(node, network, appliedIndex, clock);
    this.heartbeats =
        new Heartbeats(node.identity().id(), self, membership, random, System::nanoTime);
    this.blobNodes = new ClusterBlobNodes(
        node.identity().id(), members, heartbeats, node.config().upkeep().outAfter());
    this.joins = new JoinService(node, members, membership, threads.requests(), clock);
    network.serve(handlers -> heartbeats.register(handlers, threads.requests()));
    network.serve(joins::register);
    members.onChange(() -> later(this::membersChanged));
  }

  private static List<KnownNode> told(Home home) throws OperatorException {
    try {
      return KnownNodes.load(home.knownNodes());
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read " + home.knownNodes(), e);
    }
  }

  /** The node's id. */
  public NodeId id() {
    return node.identity().id();
  }

  public Members members() {
    return members;
  }

  public ClusterBlobNodes blobNodes() {
    return blobNodes;
  }

  /** What this node says of itself. */
  public Self self() {
    return self;
  }

  public Heartbeats heartbeats() {
    return heartbeats;
  }

  public PeerNetwork network() {
    return network;
  }

  /** Whether the node was admitted to a cluster and has no metadata of it yet. */
  public boolean isNew() {
    return !told.isEmpty() && members.list().isEmpty();
  }

  /**
   * From now on this node says of its blobs:
   *
   * @param usedBytes what they take
   * @param toMove how many of them belong elsewhere only; empty if it is not drained, or has not
   *     counted
   */
  public void blobs(LongSupplier usedBytes, Supplier<OptionalLong> toMove) {
    self.blobs(usedBytes, toMove);
  }

  /**
   * How many blobs a node that is drained still has to give away; empty until it has said so since
   * it was ordered to: what it said before is of another time.
   */
  public OptionalLong blobsToMove(NodeId id) {
    if (id.equals(id())) {
      return self.blobsToMove();
    }
    Heartbeats.@Nullable Report report = heartbeats.report(id);
    return report != null
            && report.said().hasBlobsToMove()
            && report.said().getAppliedIndex() >= members.changedIndex()
        ? OptionalLong.of(report.said().getBlobsToMove())
        : OptionalLong.empty();
  }

  /** Whether the node has others, or is configured to wait for some. */
  public boolean wantsNetwork() {
    return node.config().listen() != null || hasOthers();
  }

  private boolean hasOthers() {
    return membership.nodes().keySet().stream().anyMatch(other -> !other.equals(id()));
  }

  /**
   * Lets other nodes reach this one, and makes sure that it does not run elsewhere, too. What is to
   * be served must be known to the network.
   */
  public void open() throws OperatorException {
    listen(Objects.requireNonNullElse(node.config().listen(), DEFAULT_LISTEN));
    if (hasOthers()) {
      Optional<Member> row = members.find(id());
      if (row.isPresent() && row.get().state() == MemberState.REMOVED) {
        throw Dismissal.removed();
      }
      heartbeats.claim(network.client());
    }
  }

  private void listen(ListenAddress address) throws OperatorException {
    address.requireFree();
    network.open(address);
  }

  /**
   * Takes part from now on.
   *
   * @param log of the metadata
   * @param connect to be called when the network opens after that
   * @param onEnd told if this node may not go on: it was removed, or runs elsewhere, too
   */
  public void begin(MetaLog log, Runnable connect, Consumer<OperatorException> onEnd) {
    this.connect = connect;
    this.onEnd = onEnd;
    MemberChanges made = new MemberChanges(log);
    changes = made;
    joins.begin(made);
    self.logOpened();
    later(this::membersChanged);
    if (network.listening() != null) {
      beat();
    }
    var unused = threads
        .timer()
        .scheduleWithFixedDelay(this::announce, 0, ANNOUNCE_SECONDS, TimeUnit.SECONDS);
  }

  private void beat() {
    heartbeats.start(threads.timer(), network.client(), node.config().bootstrap(), this::end);
  }

  /**
   * Listens, where it did not yet, and remembers that in the configuration.
   *
   * @return where
   */
  ListenAddress listenFromNowOn() throws OperatorException {
    synchronized (announcing) {
      @Nullable ListenAddress present = network.listening();
      if (present != null) {
        return present;
      }
      listen(DEFAULT_LISTEN);
      connect.run();
      beat();
      try {
        node.config().withListen(DEFAULT_LISTEN).write(node.home());
      } catch (IOException e) {
        throw DiskFailures.explain("cannot replace " + node.home().config(), e);
      }
      announce();
      return DEFAULT_LISTEN;
    }
  }

  /** Where others find this node. */
  List<ListenAddress> addresses() {
    return self.addresses();
  }

  /**
   * Changes of the members, through the log.
   *
   * @throws OperatorException while the node starts
   */
  MemberChanges changes() throws OperatorException {
    MemberChanges current = changes;
    if (current == null) {
      throw new OperatorException("the node is starting", "Try again in a moment.");
    }
    return current;
  }

  private void announce() {
    MemberChanges current = changes;
    if (current == null || !announcing.compareAndSet(false, true)) {
      return;
    }
    // Whatever is thrown on the way is a problem like others: the timer is to go on.
    var unused = CompletableFuture.completedFuture(current)
        .thenCompose(over -> announce(over, members.find(id())))
        .whenComplete((outcome, problem) -> {
          announcing.set(false);
          if (problem != null) {
            LOG.info("cannot tell the cluster about this node yet: {}", problem.getMessage());
          }
        });
  }

  /** Tells the cluster what it does not know of this node. */
  private CompletionStage<?> announce(MemberChanges over, Optional<Member> known) {
    List<String> addresses =
        self.addresses().stream().map(ListenAddress::toString).toList();
    String zone = node.config().profile().zone();
    if (known.isEmpty()) {
      return members.list().isEmpty() && told.isEmpty()
          ? over.addFounder(new Member(
              id(),
              node.config().profile().role(),
              addresses,
              zone,
              self.capacityBytes(),
              MemberState.ACTIVE,
              Timestamp.of(clock.instant())))
          : CompletableFuture.completedFuture(null);
    }
    Member row = known.get();
    boolean same = row.addresses().equals(addresses)
        && row.zone().equals(zone)
        && row.capacityBytes() == self.capacityBytes();
    return same || !row.belongs()
        ? CompletableFuture.completedFuture(null)
        : over.update(id(), addresses, zone, self.capacityBytes());
  }

  private void later(Runnable task) {
    try {
      threads.timer().execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("this node stops", e);
    }
  }

  private void membersChanged() {
    List<Member> now = List.copyOf(members.list());
    if (!now.equals(remembered)) {
      rememberMembers();
      remembered = now;
    }
    heartbeats.membersChanged();
    for (Member member : members.list()) {
      if (!member.belongs() && member.id().equals(id())) {
        end(Dismissal.removed());
      } else if (!member.belongs()) {
        network.cut(member.id());
      }
    }
    if (!told.isEmpty() && members.find(id()).isPresent()) {
      forgetTold();
    }
  }

  /**
   * Puts the members on stable storage: the log would bring them back after a crash, but a node
   * that does not know its voters cannot read the log.
   */
  private void rememberMembers() {
    try {
      var unused = store.flush();
    } catch (UncheckedIOException e) {
      LOG.warn("the members could not be put on disk; the next flush may do", e);
    }
  }

  /** From now on the metadata says who belongs to the cluster. */
  private void forgetTold() {
    try {
      Files.deleteIfExists(node.home().knownNodes());
    } catch (IOException e) {
      LOG.warn("cannot remove {}, which is of no use any more", node.home().knownNodes(), e);
    }
  }

  /** Who does not answer and why, for a message: empty, or begins with a colon. */
  public String troubles() {
    StringBuilder text = new StringBuilder();
    for (KnownNode other : membership.nodes().values()) {
      Heartbeats.@Nullable Report report = heartbeats.report(other.id());
      if (!other.id().equals(id()) && report != null && !report.live()) {
        text.append(text.isEmpty() ? ": " : "; ")
            .append(other.addresses().isEmpty() ? other.id() : other.addresses().get(0))
            .append(": ")
            .append(report.trouble());
      }
    }
    return text.toString();
  }

  private void end(OperatorException why) {
    LOG.error("{}", why.getMessage());
    onEnd.accept(why);
  }

  /** Closes the connections to others; the threads stay the caller's. */
  @Override
  public void close() {
    network.close();
  }
}
