package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** What is done to channels without waiting for the outcome: it shows in channelInactive. */
final class Channels {
  /** How long a peer may take to hear why its connection is closed. */
  private static final long LAST_WORDS_LIMIT_MILLIS = 1000;

  static void send(Channel channel, ByteBuf frame) {
    ChannelFuture unused = channel.writeAndFlush(frame);
  }

  /** A frame whose payload is sent as it is. */
  static void send(Channel channel, ByteBuf prefix, ByteBuf payload) {
    ChannelFuture unused = channel.write(prefix);
    unused = channel.writeAndFlush(payload);
  }

  static void close(Channel channel) {
    ChannelFuture unused = channel.close();
  }

  /** Says why, and closes; soon, even if nobody takes what is said. */
  static void fail(Channel channel, FailureCode code, String text) {
    ChannelFuture unused = channel
        .writeAndFlush(Frames.failure(channel.alloc(), 0, code, text))
        .addListener(ChannelFutureListener.CLOSE);
    if (channel.isOpen()) {
      ScheduledFuture<?> later = channel
          .eventLoop()
          .schedule(() -> close(channel), LAST_WORDS_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
      channel.closeFuture().addListener(closed -> later.cancel(false));
    }
  }

  /** Runs on the channel's event loop, at once if this is it; here if it has ended. */
  static void onLoop(Channel channel, Runnable task) {
    if (channel.eventLoop().inEventLoop()) {
      task.run();
      return;
    }
    try {
      channel.eventLoop().execute(task);
    } catch (RejectedExecutionException ended) {
      // Nothing else touches what belongs to the channel any more.
      task.run();
    }
  }

  /** Waits for all of them, for {@code limit} altogether. */
  static void awaitClosed(Iterable<Channel> channels, Duration limit, LongSupplier ticker) {
    long end = ticker.getAsLong() + limit.toNanos();
    for (Channel channel : channels) {
      long left = Math.max(0, end - ticker.getAsLong());
      channel.closeFuture().awaitUninterruptibly(left, TimeUnit.NANOSECONDS);
    }
  }

  static InetSocketAddress remote(Channel channel) {
    return channel.remoteAddress() instanceof InetSocketAddress address
        ? address
        : InetSocketAddress.createUnresolved("unknown", 0);
  }

  private Channels() {}
}
