package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the bytes of all connections as the network carries them, encrypted: the first handler of
 * each. Thread-safe.
 */
@Sharable
final class Traffic extends ChannelDuplexHandler {
  private final LongAdder received = new LongAdder();
  private final LongAdder sent = new LongAdder();

  long receivedBytes() {
    return received.sum();
  }

  long sentBytes() {
    return sent.sum();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    count(received, message);
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    count(sent, message);
    ChannelFuture unused = context.write(message, promise);
  }

  private static void count(LongAdder sum, Object message) {
    if (message instanceof ByteBuf bytes) {
      sum.add(bytes.readableBytes());
    }
  }
}
