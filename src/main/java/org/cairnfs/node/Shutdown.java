package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.cairnfs.node.admin.AdminServer;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.SocketPlace;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The orderly end of a node: transfers cut, mounts gone, everything on disk and closed, the socket
 * removed. Happens once, whoever asks and how often. Thread-safe.
 */
final class Shutdown {
  private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);
  private static final Duration TRANSFERS_LIMIT = Duration.ofSeconds(10);

  /** A disk that is gone must not keep the process: what was synced is on it, the rest is lost. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(60);

  private final Home home;
  private final Node node;
  private final CountDownLatch done = new CountDownLatch(1);
  private final ReentrantLock running = new ReentrantLock();

  /** Guarded by {@link #running}. */
  private @Nullable AdminServer server;

  /** Guarded by {@link #running}; empty if nobody is to hear of anything. */
  private String notice = "";

  /** Guarded by {@link #running}; empty if everything is on disk. */
  private String loss = "";

  Shutdown(Home home, Node node) {
    this.home = home;
    this.node = node;
  }

  /** The server that is to take no more commands. */
  void server(AdminServer opened) {
    running.lock();
    try {
      server = opened;
    } finally {
      running.unlock();
    }
  }

  /** Returns when it has happened, started by somebody else. */
  void await() {
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      run();
    }
  }

  /**
   * Does it, or waits for whoever does. Returns whether all went well; {@link #notice} and
   * {@link #loss} say what did not.
   */
  boolean run() {
    running.lock();
    try {
      if (done.getCount() > 0) {
        endTransfers();
        endNode();
        removeSocket();
        done.countDown();
      }
      return notice.isEmpty() && loss.isEmpty();
    } finally {
      running.unlock();
    }
  }

  /** What programs will notice, in words; empty if nothing. */
  String notice() {
    running.lock();
    try {
      return notice;
    } finally {
      running.unlock();
    }
  }

  /** Why some of what was written may not be on disk, in words; empty if all of it is. */
  String loss() {
    running.lock();
    try {
      return loss;
    } finally {
      running.unlock();
    }
  }

  private void endTransfers() {
    if (server == null) {
      return;
    }
    try {
      if (!server.drain(TRANSFERS_LIMIT)) {
        LOG.warn("transfers did not end within {}", TRANSFERS_LIMIT);
      }
    } catch (IOException e) {
      LOG.warn("closing the admin socket failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void endNode() {
    List<Path> inUse = node.unmountAll();
    if (!inUse.isEmpty()) {
      notice = "programs were using "
          + inUse.stream().map(Path::toString).collect(Collectors.joining(", "))
          + " and get errors now";
    }
    CompletableFuture<Void> closed = new CompletableFuture<>();
    Thread closing = new Thread(() -> close(closed), "close");
    closing.setDaemon(true);
    closing.start();
    try {
      closed.get(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      LOG.error("the node did not close cleanly", e.getCause());
      loss = inWords(e);
    } catch (TimeoutException e) {
      LOG.error("the node did not close within {}; its process ends all the same", CLOSE_LIMIT);
      loss = "the disk did not take them in time";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      loss = "nobody waited until the disk had them";
    }
  }

  private static String inWords(ExecutionException failure) {
    Throwable cause = Objects.requireNonNullElse(failure.getCause(), failure);
    return Objects.requireNonNullElse(cause.getMessage(), "an error that has no message");
  }

  private void close(CompletableFuture<Void> closed) {
    try {
      node.close();
      closed.complete(null);
    } catch (IOException | RuntimeException | Error e) {
      closed.completeExceptionally(e);
    }
  }

  private void removeSocket() {
    try {
      SocketPlace.remove(home);
    } catch (IOException e) {
      LOG.warn("cannot remove the admin socket", e);
    }
  }
}
