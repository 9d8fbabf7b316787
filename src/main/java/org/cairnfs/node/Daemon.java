package org.cairnfs.node;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.cairnfs.node.admin.AdminServer;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.HomeLock;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.node.home.SocketPlace;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of a process that is a node: from taking the home's lock, through serving, to giving the
 * lock back, whether {@code cairn stop} or a signal ends it.
 *
 * <p>{@link #run} is called once, on the main thread.
 */
public final class Daemon {
  /** Where the log goes. */
  public enum Logging {
    /** Into the home. */
    FILE,
    /** Into the home and to standard error. */
    CONSOLE_TOO
  }

  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
  private static final int LAST_STEPS_SECONDS_MAX = 10;
  private static final int HOME_CHECK_SECONDS = 2;

  private final Home home;
  private final Logging logging;

  /** Zero when {@link #run} has nothing left to do. */
  private final CountDownLatch ended = new CountDownLatch(1);

  public Daemon(Home home, Logging logging) {
    this.home = home;
    this.logging = logging;
  }

  /**
   * Is the node of the home until it is stopped.
   *
   * @param passphrase opens the volume; null if its key file does
   * @param mount what to mount first; null for nothing
   * @param onReady called when commands are answered and the volume is mounted
   * @throws OperatorException if it cannot start; nothing is left running then
   */
  public void run(@Nullable Passphrase passphrase, @Nullable MountRequest mount, Runnable onReady)
      throws OperatorException {
    NodeConfig config = NodeConfig.read(home);
    try (HomeLock lock = HomeLock.acquire(home)) {
      NodeLogging.start(home, logging == Logging.CONSOLE_TOO);
      run(config, lock, passphrase, mount, onReady);
    } catch (IOException e) {
      throw DiskFailures.explain("cannot release the lock of " + home, e);
    } finally {
      ended.countDown();
    }
  }

  /** The same with the home locked and the log open. */
  private void run(
      NodeConfig config,
      HomeLock lock,
      @Nullable Passphrase passphrase,
      @Nullable MountRequest mount,
      Runnable onReady)
      throws OperatorException {
    try {
      LOG.info("Cairn {} starts in {}, pid {}", Version.current(), home, lock.pid());
      @Nullable ListenAddress listen = config.listen();
      if (listen != null) {
        listen.requireFree();
      }
      NodeConfig.raiseFormat(home);
      EndOfNode end = new EndOfNode();
      serve(Node.start(home, config, passphrase, mount, end), lock, end, mount, onReady);
    } catch (OperatorException e) {
      // the command tells the person; only what is behind it needs a stack trace
      LOG.error("the node cannot run: {}", e.getMessage(), e.getCause());
      throw e;
    } finally {
      LOG.info("the node has ended");
      NodeLogging.stop();
    }
  }

  private void serve(
      Node node, HomeLock lock, EndOfNode end, @Nullable MountRequest mount, Runnable onReady)
      throws OperatorException {
    ScheduledExecutorService timers = Threads.timer("admin-timer", 1);
    Shutdown shutdown = new Shutdown(home, node);
    Thread onSignal = new Thread(() -> endOnSignal(shutdown), "signal");
    try (AdminServer server = AdminServer.open(
        SocketPlace.prepare(home),
        new AdminCommands(node, shutdown),
        Threads.named("admin"),
        timers)) {
      shutdown.server(server);
      Runtime.getRuntime().addShutdownHook(onSignal);
      end.then(shutdown::run);
      endWithHome(lock, timers, end);
      if (mount != null) {
        node.volume("mount the volume").mounts().mount(mount);
      }
      LOG.info("ready");
      onReady.run();
      shutdown.await();
    } catch (IOException e) {
      throw DiskFailures.explain("cannot listen for commands in " + home, e);
    } finally {
      shutdown.run();
      timers.shutdownNow();
      forget(onSignal);
    }
  }

  /** Nobody can reach a node whose home was removed, and it can keep nothing. */
  private void endWithHome(HomeLock lock, ScheduledExecutorService timers, EndOfNode end) {
    Runnable check = () -> {
      if (lock.isHomeGone()) {
        end.accept(new OperatorException(
            "the home " + home + " was removed while its node ran",
            "Stop a node with `cairn stop` before you remove its home."));
      }
    };
    var unused = timers.scheduleWithFixedDelay(
        check, HOME_CHECK_SECONDS, HOME_CHECK_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * On SIGTERM, SIGINT and SIGHUP. Without the halt, the exit code would say that the signal killed
   * the process.
   */
  private void endOnSignal(Shutdown shutdown) {
    LOG.info("stopping, because of a signal");
    boolean clean = shutdown.run();
    try {
      clean &= ended.await(LAST_STEPS_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      clean = false;
    }
    Runtime.getRuntime().halt(clean ? 0 : OperatorException.FAILURE);
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the hook is running", e);
    }
  }
}
