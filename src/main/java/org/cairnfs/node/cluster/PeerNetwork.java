package org.cairnfs.node.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.NodeCertificates;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.LocalNode;
import org.cairnfs.net.Membership;
import org.cairnfs.net.NetPorts;
import org.cairnfs.net.PeerClient;
import org.cairnfs.net.PeerServer;
import org.cairnfs.net.PeerTransport;
import org.cairnfs.net.TlsIdentity;
import org.cairnfs.net.TransportSettings;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's side of the transport between peers, which opens when the node has peers or waits for
 * some: a cluster of one has no port and no threads for it. Thread-safe.
 */
public final class PeerNetwork implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PeerNetwork.class);

  private final NodeIdentity identity;
  private final LocalNode local;
  private final Membership membership;
  private final ThreadFactory threads;
  private final SecureRandom random;
  private final List<Consumer<Handlers.Builder>> services = new CopyOnWriteArrayList<>();

  /** Before the server, whose messages may need it at once. */
  private volatile @Nullable PeerClient client;

  private volatile @Nullable Open open;
  private boolean closed;

  private record Open(ListenAddress listen, PeerTransport transport, PeerServer server) {}

  /** @param local what the node says of itself; of that identity */
  public PeerNetwork(
      NodeIdentity identity,
      LocalNode local,
      Membership membership,
      ThreadFactory threads,
      SecureRandom random) {
    this.identity = identity;
    this.local = local;
    this.membership = membership;
    this.threads = threads;
    this.random = random;
  }

  /** Has a service registered when the network opens: to be called before. */
  public void serve(Consumer<Handlers.Builder> service) {
    services.add(service);
  }

  /**
   * Listens and can connect from now on; nothing if it does already.
   *
   * @throws OperatorException if it cannot listen there
   */
  public synchronized void open(ListenAddress listen) throws OperatorException {
    if (open != null || closed) {
      return;
    }
    NodeCertificates.Credentials credentials = NodeCertificates.issue(identity, random);
    PeerTransport transport = PeerTransport.open(
        local,
        new TlsIdentity(credentials.key(), credentials.chain(), NodeCertificates::verify),
        membership,
        TransportSettings.DEFAULT,
        new NetPorts(threads, System::nanoTime, random));
    boolean listening = false;
    try {
      Handlers.Builder handlers = Handlers.builder();
      services.forEach(service -> service.accept(handlers));
      client = transport.client();
      PeerServer server =
          transport.listen(new InetSocketAddress(listen.host(), listen.port()), handlers.build());
      open = new Open(listen, transport, server);
      listening = true;
      LOG.info("listening for peers at {}", listen);
    } catch (IOException e) {
      throw new OperatorException(
          String.valueOf(e.getMessage()),
          "Name another address as listen= in cairn.properties.",
          e);
    } finally {
      if (!listening) {
        client = null;
        transport.close();
      }
    }
  }

  /** Where it listens; null if it does not. */
  public @Nullable ListenAddress listening() {
    Open current = open;
    return current == null ? null : current.listen();
  }

  /**
   * The way to peers.
   *
   * @throws IllegalStateException if the network is not open
   */
  public PeerClient client() {
    PeerClient current = client;
    if (current == null) {
      throw new IllegalStateException("this node has no peers yet");
    }
    return current;
  }

  /** Bytes that came from peers since the network opened, as it carries them. */
  public long receivedBytes() {
    Open current = open;
    return current == null ? 0 : current.transport().receivedBytes();
  }

  /** Bytes for peers, likewise. */
  public long sentBytes() {
    Open current = open;
    return current == null ? 0 : current.transport().sentBytes();
  }

  /** Cuts the connections from and to a node at once. */
  void cut(NodeId node) {
    Open current = open;
    if (current != null) {
      current.server().cut(node);
      client().cut(node);
    }
  }

  /** Closes all connections, in bounded time. */
  @Override
  public synchronized void close() {
    closed = true;
    Open current = open;
    if (current != null) {
      client().close();
      current.server().close();
      current.transport().close();
    }
  }
}
