package org.cairnfs.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cairnfs.core.NodeId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out who has connected, and either becomes a {@link ServerConnection} or says why not and
 * closes. On the event loop.
 */
final class ServerHandshake extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ServerHandshake.class);

  private final LocalNode local;
  private final Membership membership;
  private final Tls tls;
  private final SslHandler ssl;
  private final FrameDecoder decoder;
  private final ServerPeers peers;
  private final HandshakeTimer timer = new HandshakeTimer();
  private final TransportSettings settings;
  private @Nullable NodeId node;
  private boolean over;

  ServerHandshake(
      PeerTransport.Context context, SslHandler ssl, FrameDecoder decoder, ServerPeers peers) {
    this.local = context.local();
    this.membership = context.membership();
    this.tls = context.tls();
    this.settings = context.settings();
    this.ssl = ssl;
    this.decoder = decoder;
    this.peers = peers;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    timer.start(
        context,
        settings.handshakeLimit().multipliedBy(2),
        () -> giveUp(context.channel(), "it did not finish the handshake in time"));
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    timer.stop();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent completion) {
      if (completion.isSuccess()) {
        try {
          node = tls.peer(ssl);
        } catch (SSLPeerUnverifiedException | CertificateException e) {
          giveUp(context.channel(), String.valueOf(e.getMessage()));
        }
      } else {
        giveUp(context.channel(), "TLS failed: " + completion.cause().getMessage());
      }
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws ProtocolViolation {
    Frame frame = (Frame) message;
    try {
      NodeId proven = node;
      if (!over && proven != null) {
        hello(context, proven, frame);
      }
    } finally {
      frame.release();
    }
  }

  private void hello(ChannelHandlerContext context, NodeId proven, Frame frame)
      throws ProtocolViolation {
    Channel channel = context.channel();
    Hello hello;
    try {
      hello = HelloCodec.read(frame.payload(), proven, local.cluster());
    } catch (PeerException problem) {
      refuse(channel, problem.code(), String.valueOf(problem.getMessage()));
      return;
    }
    Standing standing = proven.equals(local.id()) ? Standing.REFUSED : membership.standing(proven);
    if (standing == Standing.REVOKED) {
      refuse(channel, FailureCode.REVOKED, proven + " was removed from cluster " + local.cluster());
    } else if (standing == Standing.REFUSED) {
      refuse(
          channel,
          proven.equals(local.id()) ? FailureCode.WRONG_IDENTITY : FailureCode.NOT_A_MEMBER,
          proven.equals(local.id())
              ? "another node has the identity of this one, or this one calls itself"
              : proven + " is no member of cluster " + local.cluster());
    } else if (peers.isKeptAway(proven)) {
      close(channel, FailureCode.BUSY, proven + " has broken the protocol too often lately");
    } else {
      accept(context, hello, standing);
    }
  }

  private void accept(ChannelHandlerContext context, Hello hello, Standing standing) {
    Channel channel = context.channel();
    PeerInfo peer = hello.sender(standing, Channels.remote(channel));
    ServerConnection connection =
        new ServerConnection(channel, decoder, peer, hello.channel(), peers);
    if (!peers.add(connection)) {
      close(channel, FailureCode.BUSY, "there is no room for " + peer.id());
      return;
    }
    over = true;
    peers.removeStranger(channel);
    decoder.expect(FrameLimits.fromClient(hello.channel(), standing));
    KeepAlive.begin(channel.pipeline(), decoder, settings);
    channel.pipeline().replace(this, "connection", connection);
    Channels.send(
        channel,
        Frames.hello(channel.alloc(), HelloCodec.encode(Hello.of(local, hello.channel()))));
    LOG.debug("{} connected from {} for {}", peer.id(), peer.remote(), hello.channel());
  }

  /** Somebody whose fault this is: too many of those are kept away. */
  private void refuse(Channel channel, FailureCode code, String text) {
    peers.offended(Channels.remote(channel).getAddress());
    close(channel, code, text);
  }

  private void close(Channel channel, FailureCode code, String text) {
    if (!over) {
      over = true;
      decoder.stop();
      LOG.warn("Refused {}: {}", channel.remoteAddress(), text);
      Channels.fail(channel, code, text);
    }
  }

  private void giveUp(Channel channel, String text) {
    if (!over) {
      over = true;
      decoder.stop();
      peers.offended(Channels.remote(channel).getAddress());
      LOG.warn("Closed the connection from {}: {}", channel.remoteAddress(), text);
      Channels.close(channel);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof ProtocolViolation violation && node != null) {
      refuse(context.channel(), FailureCode.VIOLATION, String.valueOf(violation.getMessage()));
    } else {
      giveUp(context.channel(), String.valueOf(cause.getMessage()));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!over) {
      over = true;
      LOG.debug("{} hung up in the handshake", context.channel().remoteAddress());
    }
    context.fireChannelInactive();
  }
}
