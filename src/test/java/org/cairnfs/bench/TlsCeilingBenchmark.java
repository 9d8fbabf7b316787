package org.cairnfs.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.cairnfs.crypto.NodeCertificates;
import org.cairnfs.crypto.NodeIdentity;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The least that {@link PeerBenchmark} can take on a machine: Netty and BoringSSL alone, with one
 * event loop a side, no messages, and nobody who looks at the bytes.
 */
@State(Scope.Thread)
public class TlsCeilingBenchmark extends MicrosecondsBenchmark {
  private static final int LARGE_BYTES = 1 << 20;
  private static final int SMALL_BYTES = 100;

  private final ByteBuf large = Unpooled.directBuffer(LARGE_BYTES).writeZero(LARGE_BYTES);
  private final ByteBuf small = Unpooled.directBuffer(SMALL_BYTES).writeZero(SMALL_BYTES);
  private final UnderWay underWay = new UnderWay();
  private final EventLoopGroup serverLoop = loop();
  private final EventLoopGroup clientLoop = loop();
  private Client echoed;
  private Client swallowed;

  private static EventLoopGroup loop() {
    return new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  }

  @Setup
  public void connect() throws SSLException {
    SecureRandom random = new SecureRandom();
    NodeCertificates.Credentials issued =
        NodeCertificates.issue(NodeIdentity.generate(random), random);
    SslContext server = SslContextBuilder.forServer(
            issued.key(), issued.chain().toArray(X509Certificate[]::new))
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .protocols("TLSv1.3")
        .build();
    SslContext client = SslContextBuilder.forClient()
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .protocols("TLSv1.3")
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm("")
        .build();
    echoed = connect(server, client, SMALL_BYTES, small);
    swallowed = connect(server, client, LARGE_BYTES, small);
  }

  /** A connection whose other end sends {@code answer} for each so many bytes. */
  private Client connect(SslContext server, SslContext client, int unitBytes, ByteBuf answer) {
    Channel listening = new ServerBootstrap()
        .group(serverLoop)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(server.newHandler(channel.alloc()), new Counter(unitBytes) {
              @Override
              void counted(ChannelHandlerContext context) {
                ChannelFuture unused = context.writeAndFlush(answer.retainedDuplicate());
              }
            });
          }
        })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .syncUninterruptibly()
        .channel();
    Client made = new Client();
    made.channel = new Bootstrap()
        .group(clientLoop)
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .handler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(client.newHandler(channel.alloc()), made);
          }
        })
        .connect(listening.localAddress())
        .syncUninterruptibly()
        .channel();
    return made;
  }

  @TearDown
  public void close() {
    clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    serverLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Benchmark
  public Object roundTrip() {
    return echoed.send(small).join();
  }

  @Benchmark
  public int mebibyte() {
    return underWay.add(swallowed.send(large));
  }

  /** Counts what comes, in units. */
  private abstract static class Counter extends ChannelInboundHandlerAdapter {
    private final int unitBytes;
    private int bytes;

    Counter(int unitBytes) {
      this.unitBytes = unitBytes;
    }

    abstract void counted(ChannelHandlerContext context);

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf come = (ByteBuf) message;
      bytes += come.readableBytes();
      come.release();
      for (; bytes >= unitBytes; bytes -= unitBytes) {
        counted(context);
      }
    }
  }

  /** Sends, and hears of the answers in order. */
  private static final class Client extends Counter {
    private final Deque<CompletableFuture<Boolean>> unanswered = new ConcurrentLinkedDeque<>();
    private Channel channel;

    Client() {
      super(SMALL_BYTES);
    }

    CompletableFuture<Boolean> send(ByteBuf bytes) {
      CompletableFuture<Boolean> answer = new CompletableFuture<>();
      unanswered.add(answer);
      ChannelFuture unused = channel.writeAndFlush(bytes.retainedDuplicate());
      return answer;
    }

    @Override
    void counted(ChannelHandlerContext context) {
      boolean unused = unanswered.remove().complete(true);
    }
  }
}
