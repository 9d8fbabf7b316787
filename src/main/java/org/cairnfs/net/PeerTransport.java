package org.cairnfs.net;

import io.netty.channel.WriteBufferWaterMark;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What servers and clients of one node share: threads, memory and credentials. Close it after them.
 * Thread-safe.
 */
public final class PeerTransport implements Closeable {
  /**
   * Bytes of a connection that are encrypted and not yet with the kernel: above the second no more
   * are added until they are below the first.
   */
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(256 << 10, 512 << 10);

  /** What everything of this package is made with. */
  record Context(
      LocalNode local,
      Membership membership,
      Tls tls,
      EventLoops loops,
      Traffic traffic,
      TransportSettings settings,
      NetPorts ports) {}

  private final Context context;
  private final AtomicBoolean closed = new AtomicBoolean();

  private PeerTransport(Context context) {
    this.context = context;
  }

  /**
   * Starts the threads; nothing listens or connects yet.
   *
   * @param identity proves that this node is {@code local}
   */
  public static PeerTransport open(
      LocalNode local,
      TlsIdentity identity,
      Membership membership,
      TransportSettings settings,
      NetPorts ports) {
    return new PeerTransport(new Context(
        local,
        membership,
        new Tls(identity, settings),
        new EventLoops(settings, ports),
        new Traffic(),
        settings,
        ports));
  }

  /**
   * Listens at an address; port 0 takes any that is free.
   *
   * @throws IOException saying why it cannot
   */
  public PeerServer listen(InetSocketAddress address, Handlers handlers) throws IOException {
    return PeerServer.listen(context, address, handlers);
  }

  /** A client, which connects when it has something to send. */
  public PeerClient client() {
    return new PeerClient(context);
  }

  /**
   * Bytes that came from peers, on all connections since it was opened, as the network has them.
   */
  public long receivedBytes() {
    return context.traffic().receivedBytes();
  }

  /** Bytes for peers, likewise; some may still be on their way to the kernel. */
  public long sentBytes() {
    return context.traffic().sentBytes();
  }

  /** Ends the threads, in bounded time; a second time it does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      context.loops().close();
      context.tls().close();
    }
  }
}
