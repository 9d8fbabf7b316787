package org.cairnfs.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslHandler;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.NodeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens at this node's port and has its peers' messages handled. Thread-safe. */
public final class PeerServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(PeerServer.class);

  /** Connections that the kernel made and nobody has accepted yet. */
  private static final int BACKLOG = 128;

  private final PeerTransport.Context context;
  private final ServerPeers peers;
  private final Channel channel;

  private PeerServer(PeerTransport.Context context, ServerPeers peers, Channel channel) {
    this.context = context;
    this.peers = peers;
    this.channel = channel;
  }

  /**
   * Listens.
   *
   * @throws IOException if the address cannot be listened at
   */
  static PeerServer listen(
      PeerTransport.Context context, InetSocketAddress address, Handlers handlers)
      throws IOException {
    TransportSettings settings = context.settings();
    ServerPeers peers = new ServerPeers(
        handlers,
        new PenaltyBox(
            settings.backOff(), settings.backOffMax(), context.ports().ticker()),
        context.ports().ticker());
    ServerBootstrap bootstrap = new ServerBootstrap()
        .group(context.loops().group())
        .channel(context.loops().serverChannel())
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.ALLOCATOR, context.loops().allocator())
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, PeerTransport.WATER_MARK)
        .childHandler(new Acceptor(context, peers));
    ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      Throwable cause = bound.cause();
      throw new IOException("cannot listen at " + address + ": " + cause.getMessage(), cause);
    }
    return new PeerServer(context, peers, bound.channel());
  }

  private static final class Acceptor extends ChannelInitializer<Channel> {
    private final PeerTransport.Context context;
    private final ServerPeers peers;

    Acceptor(PeerTransport.Context context, ServerPeers peers) {
      this.context = context;
      this.peers = peers;
    }

    @Override
    protected void initChannel(Channel channel) {
      if (!peers.admitStranger(channel, Channels.remote(channel).getAddress())) {
        LOG.debug("Too many connections, or too much trouble, from {}", channel.remoteAddress());
        Channels.close(channel);
        return;
      }
      channel.closeFuture().addListener(closed -> peers.removeStranger(channel));
      SslHandler ssl = context.tls().serverHandler(channel);
      FrameDecoder decoder = new FrameDecoder(FrameLimits.CLIENT_HELLO);
      channel
          .pipeline()
          .addLast(
              context.traffic(), ssl, decoder, new ServerHandshake(context, ssl, decoder, peers));
    }
  }

  /** Where it listens; tells the port if 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) channel.localAddress();
  }

  /** Who is connected; a peer with both kinds of connections is there twice. */
  List<PeerInfo> connected() {
    return peers.connections().stream().map(ServerConnection::peer).toList();
  }

  /** Cuts a node's connections at once; the membership keeps it from coming back. */
  public void cut(NodeId node) {
    peers.cut(node);
  }

  /** Stops listening and closes all connections, in bounded time. */
  @Override
  public void close() {
    List<Channel> open = new ArrayList<>(peers.close());
    open.forEach(peer ->
        Channels.onLoop(peer, () -> Channels.fail(peer, FailureCode.CLOSING, "this node stops")));
    Channels.close(channel);
    open.add(channel);
    Channels.awaitClosed(open, context.settings().closeLimit(), context.ports().ticker());
  }
}
