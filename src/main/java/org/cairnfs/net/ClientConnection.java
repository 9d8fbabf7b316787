package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.cairnfs.net.PeerException.Reason;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's connection to a peer, after the handshake: requests out, answers in.
 *
 * <p>What the channel does not take waits in an outbox of bounded size; when that is full, requests
 * are refused. A request that its caller gave up stays open until the peer's last frame about it,
 * so an answer that nobody asked for is told from one that comes late. On the event loop, but for
 * {@link #submit}.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter {
  /** Bodies that wait for the channel; one may always wait. */
  static final long OUTBOX_BYTES_MAX = 8L << 20;

  /** Requests beyond those that are open. */
  static final int OUTBOX_COUNT_MAX = 1024;

  /** So many given-up requests without an answer mean that none will come. */
  private static final int ABANDONED_MAX = NetLimits.OPEN_REQUESTS_MAX / 2;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

  private final Channel channel;
  private final FrameDecoder decoder;
  private final PeerInfo peer;
  private final ChannelKind kind;
  private final LongSupplier ticker;
  private final Deque<OutgoingRequest> outbox = new ArrayDeque<>();
  private final Map<Long, OutgoingRequest> open = new HashMap<>();
  private long outboxBytes;
  private long lastRequestId;
  private int openStreams;

  /** Open requests whose callers gave up. */
  private final Set<Long> abandoned = new HashSet<>();

  private PeerException lost = new PeerException(Reason.LOST, "the connection ended");
  private volatile boolean brokeProtocol;

  ClientConnection(
      Channel channel, FrameDecoder decoder, PeerInfo peer, ChannelKind kind, LongSupplier ticker) {
    this.channel = channel;
    this.decoder = decoder;
    this.peer = peer;
    this.kind = kind;
    this.ticker = ticker;
  }

  Channel channel() {
    return channel;
  }

  PeerInfo peer() {
    return peer;
  }

  boolean isActive() {
    return channel.isActive();
  }

  /** Whether the peer broke the protocol: it is then left alone for longer. Any thread. */
  boolean brokeProtocol() {
    return brokeProtocol;
  }

  /** Sends it as soon as may be; its future tells the rest. Any thread. */
  void submit(OutgoingRequest request) {
    if (request instanceof StreamRequest stream) {
      stream.over(this);
    }
    Channels.onLoop(channel, () -> enqueue(request));
    var unused = request.future().whenComplete((result, problem) -> {
      if (problem != null) {
        Channels.onLoop(channel, () -> giveUp(request));
      }
    });
  }

  private void enqueue(OutgoingRequest request) {
    int bytes = request.body().remaining();
    if (request.future().isDone()) {
      return;
    }
    int bodyMax = FrameLimits.bodyMax(kind, Standing.MEMBER);
    if (!channel.isActive()) {
      request.fail(new PeerException(Reason.UNREACHABLE, "the connection has just ended", lost));
    } else if (bytes > bodyMax) {
      request.fail(new PeerException(
          Reason.REFUSED,
          FailureCode.INVALID,
          "a body of " + bytes + " bytes is more than " + bodyMax,
          null));
    } else if (open.size() + outbox.size() >= OUTBOX_COUNT_MAX
        || (outboxBytes > 0 && outboxBytes + bytes > OUTBOX_BYTES_MAX)) {
      request.fail(new PeerException(Reason.BUSY, "too much is on its way to " + peer.id()));
    } else {
      outbox.add(request);
      outboxBytes += bytes;
      flushOutbox();
    }
  }

  /** Sends what may be sent, in order: a stream too many holds up what is behind it. */
  private void flushOutbox() {
    while (channel.isWritable() && mayTake(outbox.peek())) {
      OutgoingRequest request = outbox.remove();
      outboxBytes -= request.body().remaining();
      if (!request.future().isDone()) {
        send(request);
      }
    }
  }

  private boolean mayTake(@Nullable OutgoingRequest next) {
    if (next == null) {
      return false;
    }
    return next.future().isDone()
        || (open.size() < NetLimits.OPEN_REQUESTS_MAX
            && (next.window() == 0 || openStreams < NetLimits.OPEN_STREAMS_MAX));
  }

  private void send(OutgoingRequest request) {
    long limitMillis = (request.deadlineNanos() - ticker.getAsLong()) / NANOS_PER_MILLI;
    if (limitMillis <= 0) {
      // Its timer is about to say so.
      return;
    }
    long id = ++lastRequestId;
    request.sentAs(id);
    open.put(id, request);
    openStreams += request.window() > 0 ? 1 : 0;
    int limit = (int) Math.min(limitMillis, Integer.MAX_VALUE);
    int bytes = request.body().remaining();
    ByteBuf prefix =
        Frames.requestPrefix(channel.alloc(), id, request.type(), limit, request.window(), bytes);
    Channels.send(channel, prefix, Unpooled.wrappedBuffer(request.body()));
  }

  /** Nobody waits for it any more. */
  private void giveUp(OutgoingRequest request) {
    if (outbox.remove(request)) {
      outboxBytes -= request.body().remaining();
      flushOutbox();
    } else if (isOpen(request)) {
      abandoned.add(request.id());
      if (abandoned.size() > ABANDONED_MAX) {
        LOG.warn("{} answers nothing; closing the connection", peer.id());
        Channels.close(channel);
      } else {
        Channels.send(channel, Frames.prefix(channel.alloc(), FrameType.CANCEL, request.id(), 0));
      }
    }
  }

  /** Whether the peer still owes its last frame. */
  boolean isOpen(OutgoingRequest request) {
    return channel.isActive() && open.get(request.id()) == request;
  }

  void credit(long requestId, int bytes) {
    Channels.send(channel, Frames.credit(channel.alloc(), requestId, bytes));
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws ProtocolViolation {
    Frame frame = (Frame) message;
    switch (frame.type()) {
      case REPLY -> reply(frame);
      case CHUNK -> chunk(frame);
      case END -> end(frame);
      case FAILURE -> failure(frame);
      default -> frame.release();
    }
  }

  private void reply(Frame frame) throws ProtocolViolation {
    try {
      finish(frame);
    } finally {
      frame.release();
    }
    flushOutbox();
  }

  private void chunk(Frame frame) throws ProtocolViolation {
    OutgoingRequest request = open.get(frame.requestId());
    if (request == null) {
      frame.release();
      throw unasked(frame);
    }
    if (request.future().isDone()) {
      frame.release();
    } else {
      request.chunk(frame.payload());
    }
  }

  private void end(Frame frame) throws ProtocolViolation {
    try {
      finish(frame);
    } finally {
      frame.release();
    }
    flushOutbox();
  }

  private void failure(Frame frame) throws ProtocolViolation {
    try {
      PeerException problem = Frames.readFailure(frame.payload());
      if (frame.requestId() == 0) {
        LOG.debug("{} closes the connection", peer.id(), problem);
        lost = new PeerException(Reason.LOST, problem.code(), "the peer closed it", problem);
        Channels.close(channel);
      } else {
        last(frame).fail(problem);
      }
    } finally {
      frame.release();
    }
    flushOutbox();
  }

  /** Answers the request whose last frame this is. */
  private void finish(Frame frame) throws ProtocolViolation {
    OutgoingRequest request = last(frame);
    if (request.future().isDone()) {
      return;
    }
    try {
      if (frame.type() == FrameType.REPLY) {
        request.reply(frame.payload());
      } else {
        request.end(frame.payload().readLong());
      }
    } catch (ProtocolViolation violation) {
      request.fail(new PeerException(Reason.LOST, "the peer broke the protocol", violation));
      throw violation;
    }
  }

  /** The request whose last frame this is; it is open no more. */
  private OutgoingRequest last(Frame frame) throws ProtocolViolation {
    OutgoingRequest request = open.remove(frame.requestId());
    if (request == null) {
      throw unasked(frame);
    }
    openStreams -= request.window() > 0 ? 1 : 0;
    abandoned.remove(request.id());
    return request;
  }

  private static ProtocolViolation unasked(Frame frame) {
    return new ProtocolViolation(
        "a " + frame.type() + " for request " + frame.requestId() + ", which is not open");
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    flushOutbox();
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    decoder.stop();
    lost = new PeerException(Reason.LOST, "the connection broke", cause);
    if (cause instanceof ProtocolViolation violation) {
      LOG.warn("{} broke the protocol: {}", peer.id(), violation.getMessage());
      brokeProtocol = true;
    } else {
      LOG.debug("The connection to {} broke", peer.id(), cause);
    }
    Channels.close(channel);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    List<OutgoingRequest> unanswered = new ArrayList<>(open.values());
    List<OutgoingRequest> unsent = new ArrayList<>(outbox);
    open.clear();
    outbox.clear();
    outboxBytes = 0;
    unanswered.forEach(
        request -> request.fail(new PeerException(Reason.LOST, lost.code(), lostMessage(), lost)));
    unsent.forEach(request ->
        request.fail(new PeerException(Reason.UNREACHABLE, lost.code(), lostMessage(), lost)));
    context.fireChannelInactive();
  }

  private String lostMessage() {
    return "the connection to " + peer.id() + " ended: " + lost.getMessage();
  }
}
