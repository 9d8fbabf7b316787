package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import org.cairnfs.net.Handlers.Entry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A message that nobody waits for an answer to. */
final class InboundNotice {
  private static final Logger LOG = LoggerFactory.getLogger(InboundNotice.class);

  private final ServerConnection connection;
  private final Entry entry;
  private final ByteBuf body;

  /** @param body read up to what the handler gets; given away */
  InboundNotice(ServerConnection connection, Entry entry, ByteBuf body) {
    this.connection = connection;
    this.entry = entry;
    this.body = body;
  }

  void start() {
    try {
      entry.executor().execute(this::run);
    } catch (RejectedExecutionException busy) {
      LOG.debug("Too busy for {} of {}", entry.type(), connection.peer().id());
      connection.letGo(body);
    }
  }

  private void run() {
    try {
      var unused =
          entry.handler().handle(connection.peer(), body.nioBuffer()).whenComplete(this::done);
    } catch (RefusedRequestException | IOException | RuntimeException e) {
      done(null, e);
    }
  }

  private void done(@Nullable Reply reply, @Nullable Throwable problem) {
    ChunkSource stream = reply == null ? null : reply.stream();
    if (stream != null) {
      LOG.error("{} is answered with a stream, which a notice cannot be", entry.type());
      stream.close();
    }
    if (problem != null) {
      LOG.warn("{} of {} failed", entry.type(), connection.peer().id(), problem);
    }
    Channels.onLoop(connection.channel(), () -> connection.letGo(body));
  }
}
