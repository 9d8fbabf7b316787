package org.cairnfs.node.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.net.Role;
import org.cairnfs.node.Founding;
import org.cairnfs.node.Joining;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;

/** Several nodes in one process, with homes, ports and a log that is never late. */
final class ClusterFixture implements AutoCloseable {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path directory;
  private final SharedLog log = new SharedLog();
  private final List<RunningNode> running = new ArrayList<>();
  private String notice = "";

  ClusterFixture(Path directory) {
    this.directory = directory;
  }

  /** A clock that can be put forward. */
  static final class TestClock extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void advance(Duration by) {
      now = now.plus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** A node that takes part. */
  final class RunningNode implements AutoCloseable {
    private final TestClock clock = new TestClock();
    private final BlockingQueue<OperatorException> ends = new LinkedBlockingQueue<>();
    private final MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    private final Cluster.Threads threads = new Cluster.Threads(
        Executors.newScheduledThreadPool(1, daemon("timer")),
        Executors.newFixedThreadPool(4, daemon("peer")),
        daemon("net"));
    private final Cluster.Node node;
    private final Cluster cluster;

    RunningNode(Home home) throws Exception {
      node = new Cluster.Node(
          home, NodeConfig.read(home), NodeIdentity.load(home.identityKey()), "test 1", 1L << 40);
      log.add(store);
      cluster = new Cluster(node, store, threads, clock, RANDOM);
      boolean open = false;
      try {
        if (cluster.wantsNetwork()) {
          cluster.open();
        }
        cluster.begin(log, () -> {}, ends::add);
        running.add(this);
        open = true;
      } finally {
        if (!open) {
          close();
        }
      }
    }

    Cluster cluster() {
      return cluster;
    }

    TestClock clock() {
      return clock;
    }

    MemberControl control() {
      return new MemberControl(cluster, node, clock, RANDOM);
    }

    /** What others do from now on it does not hear. */
    void missesTheLog() {
      log.remove(store);
    }

    /** Why it was told to end. */
    BlockingQueue<OperatorException> ends() {
      return ends;
    }

    boolean sees(RunningNode other) {
      return cluster.heartbeats().isLive(other.cluster.id());
    }

    @Override
    public void close() {
      log.remove(store);
      cluster.close();
      threads.timer().shutdownNow();
      threads.requests().shutdownNow();
      running.remove(this);
    }
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  static ListenAddress freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new ListenAddress("127.0.0.1", probe.getLocalPort());
    }
  }

  Home home(String name) {
    return Home.at(directory.resolve(name));
  }

  /** The first node of a cluster. */
  RunningNode found(String name) throws Exception {
    Founding.prepare(home(name), freePort()).carryOut(null);
    return run(name);
  }

  RunningNode run(String name) throws Exception {
    return new RunningNode(home(name));
  }

  /** Makes the home of a node that joins; does not start it. */
  Home join(String name, Token token) throws Exception {
    notice = Joining.prepare(home(name), freePort())
        .carryOut(token, new NodeProfile(token.role(), "shed", OptionalLong.of(7L << 30)));
    return home(name);
  }

  /** What the last one that joined was told. */
  String notice() {
    return notice;
  }

  /** A second node, as an invitation of the first makes it. */
  RunningNode join(String name, RunningNode inviter) throws Exception {
    join(name, inviter.control().invite(Role.MEMBER, Duration.ofHours(1), 1));
    return run(name);
  }

  /** The home as if it had been copied to another host, where the port is another. */
  Home copy(String from, String to) throws Exception {
    Path source = home(from).root();
    try (var files = Files.walk(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, home(to).root().resolve(source.relativize(file)));
      }
    }
    NodeConfig.read(home(to)).withListen(freePort()).write(home(to));
    return home(to);
  }

  @Override
  public void close() {
    List.copyOf(running).forEach(RunningNode::close);
  }
}
