package org.cairnfs.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.Closeable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.PeerException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages to peers over connections that it makes, keeps and makes again.
 *
 * <p>Futures fail with a {@link PeerException}, at the latest when the time given is over, and are
 * mostly completed by an event loop: what depends on them must not block, or has to be handed to
 * another executor. Cancelling one tells the peer to stop. Bodies are read from position to limit,
 * which are not moved; they may not be changed before the future is done. Nothing is sent again by
 * itself. Thread-safe.
 */
public final class PeerClient implements Closeable {
  private record Key(NodeId node, ChannelKind kind) {}

  private final PeerTransport.Context context;
  private final Map<NodeId, InetSocketAddress> addresses = new ConcurrentHashMap<>();
  private final Map<Key, PeerLink> links = new ConcurrentHashMap<>();
  private volatile boolean closed;

  PeerClient(PeerTransport.Context context) {
    this.context = context;
  }

  /** Where to find a node from now on; connections it has stay. */
  public void setAddress(NodeId node, InetSocketAddress address) {
    if (!address.equals(addresses.put(node, address))) {
      forgive(node);
    }
  }

  /** The node is said to be there: the next attempt to connect need not wait. */
  public void forgive(NodeId node) {
    for (ChannelKind kind : ChannelKind.values()) {
      PeerLink link = links.get(new Key(node, kind));
      if (link != null) {
        link.forgive();
      }
    }
  }

  /** Where a node is looked for. */
  public Optional<InetSocketAddress> address(NodeId node) {
    return Optional.ofNullable(addresses.get(node));
  }

  /**
   * Finds out which member answers at an address, and remembers it. What was open to that node on
   * another control connection may be lost.
   */
  public CompletableFuture<PeerInfo> identify(InetSocketAddress address, Duration limit) {
    CompletableFuture<PeerInfo> result = new CompletableFuture<>();
    ScheduledFuture<?> timer = timer(result, limit);
    var unused = connect(address, ChannelKind.CONTROL, null).whenComplete((made, problem) -> {
      timer.cancel(false);
      if (made == null) {
        result.completeExceptionally(problem);
      } else if (closed || result.isDone()) {
        Channels.close(made.channel());
      } else {
        addresses.put(made.peer().id(), address);
        link(made.peer().id(), ChannelKind.CONTROL).adopt(made);
        result.complete(made.peer());
      }
    });
    return result;
  }

  /** Asks for an answer that is a message. The buffer of the answer is the caller's. */
  public CompletableFuture<ByteBuffer> request(
      NodeId node, MessageType type, ByteBuffer body, Duration limit) {
    MessageRequest request = new MessageRequest(type, body, deadline(limit));
    send(node, request, limit);
    return request.future();
  }

  /**
   * Asks for an answer that is a stream, and hands it to {@code sink} as it comes. What the sink
   * has not taken stays at the peer, but for a window.
   *
   * @param executor runs the sink; one that runs it at once is fine for a sink that never waits
   * @return the length, once the sink has taken everything
   */
  public CompletableFuture<Long> stream(
      NodeId node,
      MessageType type,
      ByteBuffer body,
      Duration limit,
      ChunkSink sink,
      Executor executor) {
    StreamRequest request = new StreamRequest(type, body, deadline(limit), sink, executor);
    send(node, request, limit);
    return request.future();
  }

  private void send(NodeId node, OutgoingRequest request, Duration limit) {
    ScheduledFuture<?> timer = timer(request.future(), limit);
    var unused = request.future().whenComplete((result, problem) -> timer.cancel(false));
    unused = link(node, request.type().channel()).acquire().whenComplete((made, problem) -> {
      if (made != null) {
        made.submit(request);
      } else {
        request.future().completeExceptionally(problem);
      }
    });
  }

  private ScheduledFuture<?> timer(CompletableFuture<?> future, Duration limit) {
    return context
        .loops()
        .group()
        .schedule(
            () -> future.completeExceptionally(
                new PeerException(Reason.TIMEOUT, "no answer within " + limit)),
            limit.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private long deadline(Duration limit) {
    return context.ports().ticker().getAsLong() + limit.toNanos();
  }

  private PeerLink link(NodeId node, ChannelKind kind) {
    return links.computeIfAbsent(
        new Key(node, kind), key -> new PeerLink(context, () -> connect(node, kind)));
  }

  private CompletableFuture<ClientConnection> connect(NodeId node, ChannelKind kind) {
    InetSocketAddress address = addresses.get(node);
    return address == null
        ? CompletableFuture.failedFuture(
            new PeerException(Reason.UNREACHABLE, "no address is known of " + node))
        : connect(address, kind, node);
  }

  private CompletableFuture<ClientConnection> connect(
      InetSocketAddress address, ChannelKind kind, @Nullable NodeId expected) {
    CompletableFuture<ClientConnection> result = new CompletableFuture<>();
    if (closed) {
      result.completeExceptionally(new PeerException(Reason.CLOSED, "this node stops"));
      return result;
    }
    var unused = lookUp(address).whenComplete((found, problem) -> {
      if (found != null) {
        connect(found, kind, expected, result);
      } else {
        result.completeExceptionally(
            new PeerException(Reason.UNREACHABLE, "cannot find " + address, problem));
      }
    });
    return result;
  }

  /**
   * The address of a name, asked for anew for each connection, as a node may have moved. On a
   * thread of its own, as that may take long, and the common pool may have a single thread.
   */
  private CompletableFuture<InetSocketAddress> lookUp(InetSocketAddress address) {
    Executor ownThread = task -> context.ports().threads().newThread(task).start();
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            InetAddress[] found = InetAddress.getAllByName(address.getHostString());
            return new InetSocketAddress(found[0], address.getPort());
          } catch (UnknownHostException e) {
            throw new CompletionException(e);
          }
        },
        ownThread);
  }

  private void connect(
      InetSocketAddress address,
      ChannelKind kind,
      @Nullable NodeId expected,
      CompletableFuture<ClientConnection> result) {
    new Bootstrap()
        .group(context.loops().group())
        .channel(context.loops().clientChannel())
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
            context.settings().connectLimit().toMillis())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.ALLOCATOR, context.loops().allocator())
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, PeerTransport.WATER_MARK)
        .handler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel channel) {
            SslHandler ssl = context.tls().clientHandler(channel);
            FrameDecoder decoder = new FrameDecoder(FrameLimits.SERVER_HELLO);
            channel
                .pipeline()
                .addLast(
                    context.traffic(),
                    ssl,
                    decoder,
                    new ClientHandshake(context, ssl, decoder, kind, expected, result));
          }
        })
        .connect(address)
        .addListener(connected -> {
          if (!connected.isSuccess()) {
            result.completeExceptionally(new PeerException(
                Reason.UNREACHABLE,
                "cannot connect to " + address.getHostString() + ":" + address.getPort() + ": "
                    + reason(connected.cause()),
                connected.cause()));
          }
        });
  }

  /** Without the native call that failed, and the address once more. */
  private static String reason(Throwable problem) {
    String message = String.valueOf(problem.getMessage());
    if (problem instanceof ConnectTimeoutException) {
      return "no answer";
    }
    return message.contains("refused") ? "connection refused" : message;
  }

  /** The peers that are connected at this moment, by control connections. */
  List<PeerInfo> connected() {
    List<PeerInfo> peers = new ArrayList<>();
    links.forEach((key, link) -> {
      ClientConnection current = link.current();
      if (key.kind() == ChannelKind.CONTROL && current != null && current.isActive()) {
        peers.add(current.peer());
      }
    });
    return peers;
  }

  /** Cuts the connections to a node at once and forgets where it is. */
  public void cut(NodeId node) {
    addresses.remove(node);
    for (ChannelKind kind : ChannelKind.values()) {
      PeerLink link = links.remove(new Key(node, kind));
      if (link != null) {
        link.close(true);
      }
    }
  }

  /** Closes all connections; what is open fails, in bounded time. */
  @Override
  public void close() {
    closed = true;
    List<Channel> channels = new ArrayList<>();
    for (PeerLink link : links.values()) {
      ClientConnection current = link.current();
      if (current != null) {
        channels.add(current.channel());
      }
      link.close(true);
    }
    Channels.awaitClosed(
        channels, context.settings().closeLimit(), context.ports().ticker());
  }
}
