package org.cairnfs.node.admin;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts commands at a Unix socket of mode 0600 and hands each to an {@link AdminHandler}.
 *
 * <p>One thread accepts, one serves each connection, at most {@link #CONNECTIONS_MAX}; transfers
 * may take all but {@link #CONNECTIONS_RESERVED} of them, so that status and stop always get
 * through. A connection that sends no request within {@link #REQUEST_TIMEOUT} is closed.
 * Thread-safe.
 */
public final class AdminServer implements Closeable {
  static final int CONNECTIONS_MAX = 32;
  static final int CONNECTIONS_RESERVED = 8;
  static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);
  static final Duration CLOSE_GRACE = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final String BUSY = "the node is busy with other commands";
  private static final String BUSY_REMEDY = "Wait until one of them has ended and try again.";

  private final Path socket;
  private final ServerSocketChannel server;
  private final AdminHandler handler;
  private final ExecutorService connections;
  private final ScheduledExecutorService timers;
  private final Semaphore transfers = new Semaphore(CONNECTIONS_MAX - CONNECTIONS_RESERVED);
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final Set<SocketChannel> transferring = ConcurrentHashMap.newKeySet();

  private AdminServer(
      Path socket,
      ServerSocketChannel server,
      AdminHandler handler,
      ThreadFactory threads,
      ScheduledExecutorService timers) {
    this.socket = socket;
    this.server = server;
    this.handler = handler;
    this.timers = timers;
    this.connections = new ThreadPoolExecutor(
        0, CONNECTIONS_MAX, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), threads);
  }

  /**
   * Listens at {@code socket}, replacing what an earlier node left there. Its directory must be
   * private: between bind and chmod the socket has the mode the umask gives it.
   *
   * @param timers closes silent connections; not owned
   */
  public static AdminServer open(
      Path socket, AdminHandler handler, ThreadFactory threads, ScheduledExecutorService timers)
      throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(socket), CONNECTIONS_MAX);
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      server.close();
      throw e;
    }
    AdminServer opened = new AdminServer(socket, server, handler, threads, timers);
    threads.newThread(opened::acceptAll).start();
    return opened;
  }

  private void acceptAll() {
    while (server.isOpen()) {
      try {
        SocketChannel channel = server.accept();
        open.add(channel);
        dispatch(channel);
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.error("cannot accept commands any more", e);
        return;
      }
    }
  }

  private void dispatch(SocketChannel channel) {
    try {
      connections.execute(() -> serve(channel));
    } catch (RejectedExecutionException e) {
      try (AdminConnection connection = new AdminConnection(channel)) {
        connection.send(AdminFailures.toResponse(new OperatorException(BUSY, BUSY_REMEDY)));
      } catch (IOException refused) {
        LOG.debug("a command hung up before it was refused", refused);
      } finally {
        open.remove(channel);
      }
    }
  }

  private void serve(SocketChannel channel) {
    try (AdminConnection connection = new AdminConnection(channel)) {
      @Nullable AdminRequest request = receiveRequest(channel, connection);
      if (request != null) {
        connection.send(respond(request, channel, connection));
      }
    } catch (IOException e) {
      // A command that was interrupted is nothing to worry about.
      LOG.debug("a command's connection broke", e);
    } catch (RuntimeException | Error e) {
      LOG.error("a command failed", e);
    } finally {
      open.remove(channel);
    }
  }

  private @Nullable AdminRequest receiveRequest(SocketChannel channel, AdminConnection connection)
      throws IOException {
    ScheduledFuture<?> timeout = timers.schedule(
        () -> closeQuietly(channel), REQUEST_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    try {
      return connection.receive(AdminRequest.parser());
    } finally {
      timeout.cancel(false);
    }
  }

  private AdminResponse respond(
      AdminRequest request, SocketChannel channel, AdminConnection connection) throws IOException {
    if (!request.hasPut() && !request.hasGet() && !request.hasList() && !request.hasRemove()) {
      return handle(request, connection);
    }
    if (!transfers.tryAcquire()) {
      return AdminFailures.toResponse(new OperatorException(BUSY, BUSY_REMEDY));
    }
    transferring.add(channel);
    try {
      return handle(request, connection);
    } finally {
      transferring.remove(channel);
      transfers.release();
    }
  }

  private AdminResponse handle(AdminRequest request, AdminConnection connection)
      throws IOException {
    try {
      if (request.getProtocolVersion() != AdminClient.PROTOCOL_VERSION) {
        throw new OperatorException(
            "the command speaks version " + request.getProtocolVersion()
                + " of the admin protocol, the node version " + AdminClient.PROTOCOL_VERSION,
            "Stop the node with the Cairn it was started with, and start it with the new one.");
      }
      return handler.handle(request, connection);
    } catch (OperatorException e) {
      LOG.debug("a command is refused", e);
      return AdminFailures.toResponse(e);
    } catch (RuntimeException | Error e) {
      LOG.error("the command {} failed", request.getCommandCase(), e);
      return AdminFailures.toResponse(new OperatorException(
          "the node failed to do that: " + e, "Its log says more; please report it as a bug."));
    }
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a command's connection failed", e);
    }
  }

  /**
   * Takes no more commands, removes the socket, and cuts the transfers under way.
   *
   * @return whether all of them ended within {@code limit}
   */
  public boolean drain(Duration limit) throws IOException, InterruptedException {
    stopAccepting();
    transferring.forEach(AdminServer::closeQuietly);
    int all = CONNECTIONS_MAX - CONNECTIONS_RESERVED;
    return transfers.tryAcquire(all, limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void stopAccepting() throws IOException {
    server.close();
    Files.deleteIfExists(socket);
  }

  /**
   * Lets answers that are on their way out leave, for at most {@link #CLOSE_GRACE}, and closes
   * everything.
   */
  @Override
  public void close() throws IOException {
    stopAccepting();
    connections.shutdown();
    try {
      if (!connections.awaitTermination(CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.info("cutting {} connections", open.size());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    open.forEach(AdminServer::closeQuietly);
  }
}
