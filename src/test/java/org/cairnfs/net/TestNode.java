package org.cairnfs.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.random.RandomGenerator;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.NodeCertificates;
import org.cairnfs.crypto.NodeIdentity;
import org.jspecify.annotations.Nullable;

/** A node with an identity and a transport, on the loopback. */
public final class TestNode implements AutoCloseable {
  public static final UUID CLUSTER = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  public static final Duration LIMIT = Duration.ofSeconds(30);

  static final MessageType ECHO = new MessageType(1, "echo", ChannelKind.CONTROL);
  static final MessageType READ = new MessageType(2, "read", ChannelKind.BULK);
  static final MessageType TELL = new MessageType(3, "tell", ChannelKind.CONTROL);
  static final MessageType PUT = new MessageType(4, "put", ChannelKind.BULK);
  static final MessageType JOIN = new MessageType(5, "join", ChannelKind.CONTROL);

  /** Quick to come back, slow to give up: nothing depends on the machine's speed. */
  static final TransportSettings QUICK = new TransportSettings(
      1,
      true,
      Duration.ofSeconds(10),
      Duration.ofSeconds(10),
      Duration.ofMillis(200),
      Duration.ofSeconds(20),
      Duration.ofMillis(1),
      Duration.ofMillis(20),
      Duration.ofSeconds(10));

  private static final SecureRandom RANDOM = new SecureRandom();

  private final NodeIdentity identity;
  private final TlsIdentity tls;
  private final PeerTransport transport;
  private final PeerClient client;
  private final ExecutorService executor = Executors.newFixedThreadPool(4, daemon("handlers"));
  private @Nullable PeerServer server;

  TestNode(NodeIdentity identity, UUID cluster, Membership membership, TransportSettings settings) {
    this.identity = identity;
    this.tls = credentials(identity);
    transport = PeerTransport.open(
        new LocalNode(identity.id(), cluster, Set.of(Role.MEMBER), 0, "test"),
        tls,
        membership,
        settings,
        new NetPorts(daemon("net"), System::nanoTime, RandomGenerator.of("L32X64MixRandom")));
    client = transport.client();
  }

  /** One that trusts everybody. */
  public static TestNode create() {
    return create(QUICK);
  }

  public static TestNode create(TransportSettings settings) {
    return new TestNode(newIdentity(), CLUSTER, node -> Standing.MEMBER, settings);
  }

  /** One that trusts everybody, and says that it belongs to that cluster. */
  public static TestNode of(UUID cluster) {
    return new TestNode(newIdentity(), cluster, node -> Standing.MEMBER, QUICK);
  }

  static NodeIdentity newIdentity() {
    return NodeIdentity.generate(RANDOM);
  }

  static TlsIdentity credentials(NodeIdentity identity) {
    NodeCertificates.Credentials issued = NodeCertificates.issue(identity, RANDOM);
    return new TlsIdentity(issued.key(), issued.chain(), NodeCertificates::verify);
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  public NodeId id() {
    return identity.id();
  }

  public PeerClient client() {
    return client;
  }

  /** Bytes of all its connections. */
  public long receivedBytes() {
    return transport.receivedBytes();
  }

  long sentBytes() {
    return transport.sentBytes();
  }

  TlsIdentity tls() {
    return tls;
  }

  public ExecutorService executor() {
    return executor;
  }

  public PeerServer listen(Handlers handlers) throws IOException {
    return listen(handlers, 0);
  }

  PeerServer listen(Handlers handlers, int port) throws IOException {
    PeerServer listening =
        transport.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), handlers);
    server = listening;
    return listening;
  }

  InetSocketAddress address() {
    if (server == null) {
      throw new IllegalStateException("it does not listen");
    }
    return server.address();
  }

  /** Tells this one's client where the other is. */
  public TestNode knows(TestNode other) {
    client.setAddress(other.id(), other.address());
    return this;
  }

  @Override
  public void close() {
    client.close();
    if (server != null) {
      server.close();
    }
    transport.close();
    executor.shutdownNow();
  }
}
