package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.cairnfs.net.Handlers.Entry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A peer's connection to this node, after the handshake: requests in, answers out.
 *
 * <p>What handlers have not answered yet is held in memory; above a limit nothing is read from the
 * connection, so the peer's sends stall. On the event loop.
 */
final class ServerConnection extends ChannelInboundHandlerAdapter {
  /** Bodies held for handlers before reading stops. */
  static final long HELD_BYTES_MAX = 4L << 20;

  /** Requests held for handlers before reading stops. */
  static final int HELD_COUNT_MAX = NetLimits.OPEN_REQUESTS_MAX;

  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

  private final Channel channel;
  private final FrameDecoder decoder;
  private final PeerInfo peer;
  private final ChannelKind kind;
  private final Handlers handlers;
  private final LongSupplier ticker;
  private final ServerPeers peers;
  private final Map<Long, InboundRequest> open = new HashMap<>();
  private long lastRequestId;
  private long heldBytes;
  private int heldCount;

  /** More is held than should be; ends when half of it is gone. */
  private boolean crowded;

  ServerConnection(
      Channel channel, FrameDecoder decoder, PeerInfo peer, ChannelKind kind, ServerPeers peers) {
    this.channel = channel;
    this.decoder = decoder;
    this.peer = peer;
    this.kind = kind;
    this.handlers = peers.handlers();
    this.ticker = peers.ticker();
    this.peers = peers;
  }

  Channel channel() {
    return channel;
  }

  PeerInfo peer() {
    return peer;
  }

  ChannelKind kind() {
    return kind;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws ProtocolViolation {
    Frame frame = (Frame) message;
    switch (frame.type()) {
      case REQUEST -> request(frame);
      case CREDIT -> credit(frame);
      case CANCEL -> cancel(frame);
      default -> frame.release();
    }
  }

  private void request(Frame frame) throws ProtocolViolation {
    ByteBuf body = frame.payload();
    boolean taken = false;
    try {
      nextRequestId(frame.requestId());
      if (open.size() >= NetLimits.OPEN_REQUESTS_MAX) {
        throw new ProtocolViolation("more than " + open.size() + " requests are open");
      }
      int number = body.readUnsignedShort();
      long limitMillis = body.readUnsignedInt();
      int window = body.readInt();
      if (window < 0 || window > NetLimits.WINDOW_BYTES) {
        throw new ProtocolViolation("a window of " + window + " bytes");
      }
      Entry entry = handlers.find(number);
      if (entry == null) {
        fail(frame.requestId(), FailureCode.UNKNOWN_MESSAGE, "there is no message " + number);
      } else if (!isAllowed(entry)) {
        fail(frame.requestId(), FailureCode.FORBIDDEN, entry.type() + " is not for you here");
      } else {
        taken = true;
        long deadline = ticker.getAsLong() + limitMillis * 1_000_000;
        InboundRequest request =
            new InboundRequest(this, entry, frame.requestId(), body, window, deadline);
        open.put(frame.requestId(), request);
        hold(body);
        request.start();
      }
    } finally {
      if (!taken) {
        body.release();
      }
    }
  }

  /** Ids only grow, so no frame can be played twice. */
  private void nextRequestId(long id) throws ProtocolViolation {
    if (id <= lastRequestId) {
      throw new ProtocolViolation("request " + id + " after request " + lastRequestId);
    }
    lastRequestId = id;
  }

  private boolean isAllowed(Entry entry) {
    return entry.type().channel() == kind
        && (peer.standing() == Standing.MEMBER || entry.forGuests());
  }

  private void credit(Frame frame) throws ProtocolViolation {
    int bytes;
    try {
      bytes = frame.payload().readInt();
    } finally {
      frame.release();
    }
    if (bytes <= 0) {
      throw new ProtocolViolation("a credit of " + bytes + " bytes");
    }
    InboundRequest request = openRequest(frame);
    if (request != null) {
      request.grant(bytes);
    }
  }

  private void cancel(Frame frame) throws ProtocolViolation {
    frame.release();
    InboundRequest request = openRequest(frame);
    if (request != null) {
      request.cancel();
    }
  }

  /** Null for a request whose last frame has crossed this one on the way. */
  private @Nullable InboundRequest openRequest(Frame frame) throws ProtocolViolation {
    if (frame.requestId() <= 0 || frame.requestId() > lastRequestId) {
      throw new ProtocolViolation(
          "a " + frame.type() + " for request " + frame.requestId() + ", which never was");
    }
    return open.get(frame.requestId());
  }

  private void hold(ByteBuf body) {
    heldBytes += body.capacity();
    heldCount++;
    if (heldBytes > HELD_BYTES_MAX || heldCount > HELD_COUNT_MAX) {
      crowded = true;
      read();
    }
  }

  /** A handler needs the body no more. */
  void letGo(ByteBuf body) {
    heldBytes -= body.capacity();
    heldCount--;
    body.release();
    if (crowded && heldBytes <= HELD_BYTES_MAX / 2 && heldCount <= HELD_COUNT_MAX / 2) {
      crowded = false;
      read();
    }
  }

  /** Reads on, or not: a peer that takes no answers may not ask for more. */
  private void read() {
    channel.config().setAutoRead(!crowded && channel.isWritable());
  }

  void closed(InboundRequest request) {
    open.remove(request.id());
  }

  void fail(long requestId, FailureCode code, String text) {
    Channels.send(channel, Frames.failure(channel.alloc(), requestId, code, text));
  }

  long now() {
    return ticker.getAsLong();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    read();
    if (channel.isWritable()) {
      List.copyOf(open.values()).forEach(InboundRequest::pump);
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    decoder.stop();
    if (cause instanceof ProtocolViolation violation) {
      LOG.warn("{} broke the protocol: {}", peer.id(), violation.getMessage());
      peers.offended(peer.id());
      Channels.fail(channel, FailureCode.VIOLATION, String.valueOf(violation.getMessage()));
    } else {
      LOG.debug("The connection from {} broke", peer.id(), cause);
      Channels.close(channel);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    peers.remove(this);
    List.copyOf(open.values()).forEach(InboundRequest::disconnected);
    context.fireChannelInactive();
  }
}
