package org.cairnfs.net;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads that move bytes, on epoll where there is one, and the memory they do it in. */
final class EventLoops implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventLoops.class);
  private static final int PAGE_BYTES = 8 << 10;

  /** Arenas grow by pages shifted so far: 4 MiB at a time. */
  private static final int CHUNK_ORDER = 9;

  private final EventLoopGroup group;
  private final Class<? extends ServerChannel> serverChannel;
  private final Class<? extends SocketChannel> clientChannel;
  private final PooledByteBufAllocator allocator;
  private final Duration closeLimit;

  EventLoops(TransportSettings settings, NetPorts ports) {
    boolean epoll = settings.nativeParts() && Epoll.isAvailable();
    int loops = settings.eventLoops();
    IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    group = new MultiThreadIoEventLoopGroup(loops, ports.threads(), io);
    serverChannel = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    clientChannel = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    allocator = new PooledByteBufAllocator(
        true,
        loops,
        loops,
        PAGE_BYTES,
        CHUNK_ORDER,
        PooledByteBufAllocator.defaultSmallCacheSize(),
        PooledByteBufAllocator.defaultNormalCacheSize(),
        false);
    closeLimit = settings.closeLimit();
    LOG.debug("{} event loops on {}", loops, epoll ? "epoll" : "NIO");
  }

  EventLoopGroup group() {
    return group;
  }

  Class<? extends ServerChannel> serverChannel() {
    return serverChannel;
  }

  Class<? extends SocketChannel> clientChannel() {
    return clientChannel;
  }

  PooledByteBufAllocator allocator() {
    return allocator;
  }

  @Override
  public void close() {
    boolean ended = group
        .shutdownGracefully(0, closeLimit.toMillis(), TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(closeLimit.toMillis(), TimeUnit.MILLISECONDS);
    if (!ended) {
      LOG.warn("The event loops did not end within {}", closeLimit);
    }
  }
}
