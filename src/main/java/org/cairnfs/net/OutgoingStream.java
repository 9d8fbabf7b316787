package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a stream: reads a chunk when the receiver granted room for it and the channel takes more,
 * so that one chunk at most is held here. On the channel's event loop; the source is read on the
 * handler's executor.
 */
final class OutgoingStream {
  private static final Logger LOG = LoggerFactory.getLogger(OutgoingStream.class);

  private final Channel channel;
  private final long requestId;
  private final ChunkSource source;
  private final Executor executor;
  private final Runnable finished;
  private long creditBytes;
  private long sentBytes;
  private boolean reading;
  private boolean over;
  private boolean closed;

  /** @param finished called when the last frame was sent, or there is nobody to send it to */
  OutgoingStream(
      Channel channel,
      long requestId,
      int window,
      ChunkSource source,
      Executor executor,
      Runnable finished) {
    this.channel = channel;
    this.requestId = requestId;
    this.creditBytes = window;
    this.source = source;
    this.executor = executor;
    this.finished = finished;
  }

  /**
   * The receiver takes more.
   *
   * @throws ProtocolViolation if that is more than it can have taken
   */
  void grant(int bytes) throws ProtocolViolation {
    creditBytes += bytes;
    if (creditBytes > NetLimits.WINDOW_BYTES) {
      throw new ProtocolViolation("a credit of " + bytes + " bytes overflows the window");
    }
    pump();
  }

  /** Sends more if it may; called whenever that may have changed. */
  void pump() {
    if (over || reading || creditBytes <= 0 || !channel.isWritable()) {
      return;
    }
    int room = (int) Math.min(creditBytes, NetLimits.CHUNK_MAX_BYTES);
    reading = true;
    try {
      executor.execute(() -> readChunk(room));
    } catch (RejectedExecutionException busy) {
      reading = false;
      end(Frames.failure(channel.alloc(), requestId, FailureCode.BUSY, "too much to do to go on"));
    }
  }

  /** On the executor. */
  private void readChunk(int room) {
    ByteBuf chunk = channel.alloc().directBuffer(room, room);
    try {
      ByteBuffer into = chunk.nioBuffer(0, room);
      boolean more = source.read(into);
      chunk.writerIndex(into.position());
      Channels.onLoop(channel, () -> chunkRead(chunk, more));
    } catch (IOException | RuntimeException e) {
      chunk.release();
      LOG.warn("A stream to {} broke", channel.remoteAddress(), e);
      Channels.onLoop(channel, this::chunkFailed);
    }
  }

  private void chunkRead(ByteBuf chunk, boolean more) {
    reading = false;
    int bytes = chunk.readableBytes();
    if (over || !channel.isActive()) {
      chunk.release();
      stop();
      return;
    }
    creditBytes -= bytes;
    sentBytes += bytes;
    if (bytes > 0) {
      Channels.send(
          channel, Frames.prefix(channel.alloc(), FrameType.CHUNK, requestId, bytes), chunk);
    } else {
      chunk.release();
    }
    if (more && bytes > 0) {
      pump();
    } else {
      end(Frames.end(channel.alloc(), requestId, sentBytes));
    }
  }

  private void chunkFailed() {
    reading = false;
    end(Frames.failure(
        channel.alloc(), requestId, FailureCode.FAILED, "the stream cannot be read further"));
  }

  /** The receiver gave up; it still waits for the last frame. */
  void cancel() {
    end(Frames.failure(channel.alloc(), requestId, FailureCode.OVERDUE, "given up"));
  }

  private void end(ByteBuf frame) {
    if (over || !channel.isActive()) {
      frame.release();
    } else {
      Channels.send(channel, frame);
    }
    stop();
  }

  /** Nothing more is sent; the source is closed when nobody reads it. */
  void stop() {
    if (!over) {
      over = true;
      finished.run();
    }
    if (!reading && !closed) {
      closed = true;
      try {
        executor.execute(source::close);
      } catch (RejectedExecutionException busy) {
        source.close();
      }
    }
  }
}
