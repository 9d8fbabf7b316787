package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.cairnfs.net.Handlers.Entry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A peer's request, from its arrival to the last frame of its answer, which is sent exactly once.
 * On the event loop, the handler on its executor.
 */
final class InboundRequest {
  private static final Logger LOG = LoggerFactory.getLogger(InboundRequest.class);

  private final ServerConnection connection;
  private final Channel channel;
  private final Entry entry;
  private final long id;
  private final ByteBuf body;

  /** Bytes the peer takes at first; 0 if it wants a message. */
  private final int window;

  private final long deadlineNanos;
  private boolean cancelled;
  private @Nullable OutgoingStream stream;

  /** @param body read up to what the handler gets; given away */
  InboundRequest(
      ServerConnection connection,
      Entry entry,
      long id,
      ByteBuf body,
      int window,
      long deadlineNanos) {
    this.connection = connection;
    this.channel = connection.channel();
    this.entry = entry;
    this.id = id;
    this.body = body;
    this.window = window;
    this.deadlineNanos = deadlineNanos;
  }

  long id() {
    return id;
  }

  void start() {
    try {
      entry.executor().execute(this::run);
    } catch (RejectedExecutionException busy) {
      refuse(FailureCode.BUSY, "too much to do");
    }
  }

  /** On the executor. */
  private void run() {
    if (connection.now() - deadlineNanos >= 0) {
      Channels.onLoop(channel, () -> refuse(FailureCode.OVERDUE, "its time was over"));
      return;
    }
    CompletionStage<Reply> reply;
    try {
      reply = entry.handler().handle(connection.peer(), body.nioBuffer());
    } catch (RefusedRequestException | IOException | RuntimeException e) {
      Channels.onLoop(channel, () -> failed(e));
      return;
    }
    var unused = reply.whenComplete((answer, problem) -> Channels.onLoop(channel, () -> {
      if (answer != null) {
        answer(answer);
      } else {
        failed(problem);
      }
    }));
  }

  private void failed(@Nullable Throwable problem) {
    Throwable cause = problem instanceof CompletionException && problem.getCause() != null
        ? problem.getCause()
        : problem;
    if (cause instanceof RefusedRequestException refused) {
      refuse(refused.code(), String.valueOf(refused.getMessage()));
    } else {
      LOG.warn("{} of {} failed", entry.type(), connection.peer().id(), cause);
      refuse(FailureCode.FAILED, "it failed; the log here says why");
    }
  }

  private void refuse(FailureCode code, String text) {
    connection.letGo(body);
    connection.closed(this);
    if (channel.isActive()) {
      connection.fail(id, code, text);
    }
  }

  private void answer(Reply reply) {
    ChunkSource source = reply.stream();
    if (source == null) {
      if (window > 0) {
        LOG.error("{} was to be answered with a stream", entry.type());
        refuse(FailureCode.FAILED, "not answered with a stream");
        return;
      }
      message(reply.message());
      return;
    }
    connection.letGo(body);
    OutgoingStream started = new OutgoingStream(
        channel, id, window, source, entry.executor(), () -> connection.closed(this));
    stream = started;
    if (window == 0) {
      LOG.error("{} was to be answered with a message", entry.type());
      started.cancel();
    } else if (cancelled) {
      started.cancel();
    } else if (!channel.isActive()) {
      started.stop();
    } else {
      started.pump();
    }
  }

  private void message(ByteBuffer message) {
    connection.letGo(body);
    connection.closed(this);
    if (channel.isActive()) {
      int bytes = message.remaining();
      Channels.send(
          channel,
          Frames.prefix(channel.alloc(), FrameType.REPLY, id, bytes),
          Unpooled.wrappedBuffer(message));
    }
  }

  void grant(int bytes) throws ProtocolViolation {
    if (stream != null) {
      stream.grant(bytes);
    } else {
      throw new ProtocolViolation("a credit before the stream");
    }
  }

  void pump() {
    if (stream != null) {
      stream.pump();
    }
  }

  void cancel() {
    cancelled = true;
    if (stream != null) {
      stream.cancel();
    }
  }

  void disconnected() {
    if (stream != null) {
      stream.stop();
    }
  }
}
