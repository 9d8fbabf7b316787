package org.cairnfs.net;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that this side is there when it has nothing to say, and closes when the other says nothing.
 */
final class KeepAlive extends IdleStateHandler {
  private static final Logger LOG = LoggerFactory.getLogger(KeepAlive.class);

  /**
   * Has it watch a connection from now on: the bytes that come to {@code decoder}, and all sent.
   */
  static void begin(ChannelPipeline pipeline, FrameDecoder decoder, TransportSettings settings) {
    pipeline.addBefore(pipeline.context(decoder).name(), "keep-alive", new KeepAlive(settings));
  }

  private KeepAlive(TransportSettings settings) {
    super(
        settings.silenceLimit().toMillis(),
        settings.keepAlive().toMillis(),
        0,
        TimeUnit.MILLISECONDS);
  }

  @Override
  protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
    if (event.state() == IdleState.WRITER_IDLE) {
      // With this much waiting to be sent there is no need to say that there will be something.
      if (context.channel().isWritable()) {
        Channels.send(
            context.channel(), Frames.prefix(context.alloc(), FrameType.KEEP_ALIVE, 0, 0));
      }
    } else if (event.state() == IdleState.READER_IDLE
        && context.channel().config().isAutoRead()) {
      LOG.info("{} has fallen silent; closing", context.channel().remoteAddress());
      Channels.close(context.channel());
    }
  }
}
