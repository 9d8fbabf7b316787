package org.cairnfs.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.security.cert.CertificateException;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.PeerException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Makes sure that the right node answers, introduces this one, and becomes a
 * {@link ClientConnection}. On the event loop.
 */
final class ClientHandshake extends ChannelInboundHandlerAdapter {
  private final PeerTransport.Context transport;
  private final SslHandler ssl;
  private final FrameDecoder decoder;
  private final ChannelKind kind;

  /** Null if any member will do. */
  private final @Nullable NodeId expected;

  private final CompletableFuture<ClientConnection> result;
  private final HandshakeTimer timer = new HandshakeTimer();
  private @Nullable NodeId node;

  ClientHandshake(
      PeerTransport.Context transport,
      SslHandler ssl,
      FrameDecoder decoder,
      ChannelKind kind,
      @Nullable NodeId expected,
      CompletableFuture<ClientConnection> result) {
    this.transport = transport;
    this.ssl = ssl;
    this.decoder = decoder;
    this.kind = kind;
    this.expected = expected;
    this.result = result;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    TransportSettings settings = transport.settings();
    timer.start(
        context,
        settings.connectLimit().plus(settings.handshakeLimit().multipliedBy(2)),
        () -> fail(
            context.channel(),
            new PeerException(Reason.UNREACHABLE, "the handshake takes too long")));
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    timer.stop();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent completion) {
      if (completion.isSuccess()) {
        greet(context.channel());
      } else {
        fail(
            context.channel(),
            new PeerException(
                Reason.UNREACHABLE,
                "TLS failed: " + completion.cause().getMessage(),
                completion.cause()));
      }
    }
    context.fireUserEventTriggered(event);
  }

  private void greet(Channel channel) {
    NodeId proven;
    try {
      proven = transport.tls().peer(ssl);
    } catch (SSLPeerUnverifiedException | CertificateException e) {
      fail(channel, new PeerException(Reason.UNREACHABLE, String.valueOf(e.getMessage()), e));
      return;
    }
    NodeId wanted = expected;
    if (wanted != null && !wanted.equals(proven)) {
      fail(
          channel,
          PeerException.refused(
              FailureCode.WRONG_IDENTITY,
              "at " + channel.remoteAddress() + " answers " + proven + ", not " + wanted));
    } else if (proven.equals(transport.local().id())) {
      fail(
          channel,
          PeerException.refused(
              FailureCode.WRONG_IDENTITY,
              "at " + channel.remoteAddress() + " answers this node, or one with its identity"));
    } else if (transport.membership().standing(proven) != Standing.MEMBER) {
      fail(
          channel,
          PeerException.refused(FailureCode.NOT_A_MEMBER, proven + " is no member known here"));
    } else {
      node = proven;
      byte[] hello = HelloCodec.encode(Hello.of(transport.local(), kind));
      Channels.send(channel, Frames.hello(channel.alloc(), hello));
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws ProtocolViolation {
    Frame frame = (Frame) message;
    try {
      NodeId proven = node;
      if (result.isDone() || proven == null) {
        return;
      }
      if (frame.type() == FrameType.FAILURE) {
        fail(context.channel(), Frames.readFailure(frame.payload()));
      } else {
        welcome(context, proven, frame);
      }
    } finally {
      frame.release();
    }
  }

  private void welcome(ChannelHandlerContext context, NodeId proven, Frame frame)
      throws ProtocolViolation {
    Channel channel = context.channel();
    Hello hello;
    try {
      hello = HelloCodec.read(frame.payload(), proven, transport.local().cluster());
    } catch (PeerException problem) {
      fail(channel, problem);
      return;
    }
    if (hello.channel() != kind) {
      throw new ProtocolViolation(proven + " answers on a channel for " + hello.channel());
    }
    PeerInfo peer = hello.sender(Standing.MEMBER, Channels.remote(channel));
    ClientConnection connection =
        new ClientConnection(channel, decoder, peer, kind, transport.ports().ticker());
    decoder.expect(FrameLimits.FROM_SERVER);
    KeepAlive.begin(channel.pipeline(), decoder, transport.settings());
    channel.pipeline().replace(this, "connection", connection);
    result.complete(connection);
  }

  private void fail(Channel channel, PeerException cause) {
    decoder.stop();
    result.completeExceptionally(cause);
    Channels.close(channel);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail(
        context.channel(),
        cause instanceof ProtocolViolation violation
            ? PeerException.refused(
                FailureCode.VIOLATION, "the peer broke the protocol: " + violation.getMessage())
            : new PeerException(Reason.UNREACHABLE, "the handshake broke: " + cause, cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    fail(
        context.channel(),
        new PeerException(Reason.UNREACHABLE, "the peer hung up in the handshake"));
    context.fireChannelInactive();
  }
}
