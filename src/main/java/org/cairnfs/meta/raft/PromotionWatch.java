package org.cairnfs.meta.raft;

import java.lang.reflect.Field;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees a learner that becomes a voter from a trap in the library (Ratis 3.3.0).
 *
 * <p>The thread that takes the entry which says so holds the division's lock, and waits until the
 * thread has ended that looks whether it is time for an election. That one may just be waiting for
 * the lock, and then both wait for ever. But it was told to end, and does nothing any more once it
 * has the lock: whoever waits for its end may as well go on. Only the library's own fields tell.
 *
 * <p>Thread-safe.
 */
final class PromotionWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PromotionWatch.class);

  private static final String FOLLOWER = "org.apache.ratis.server.impl.FollowerState";
  private static final long INTERVAL_MILLIS = 200;

  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * Looks every now and then, until it is closed: on a thread of its own, as any other may hang.
   */
  static PromotionWatch begin() {
    var watch = new PromotionWatch();
    Thread thread = new Thread(watch::run, "promotion-watch");
    thread.setDaemon(true);
    thread.start();
    return watch;
  }

  private void run() {
    try {
      while (!closed.await(INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
        look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.error("Whether the Raft library waits for itself cannot be seen; it may hang now", e);
    }
  }

  private static void look() throws ReflectiveOperationException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getClass().getName().equals(FOLLOWER)
          && thread.getState() == Thread.State.BLOCKED
          && !field(thread, "isRunning").getBoolean(thread)) {
        free(thread);
      }
    }
  }

  private static void free(Thread follower) throws ReflectiveOperationException {
    Object stopped = field(follower, "stopped").get(follower);
    if (stopped instanceof CompletableFuture<?> end && end.complete(null)) {
      LOG.info("The Raft library waited for itself when this node got its vote, and was freed");
    }
  }

  private static Field field(Thread follower, String name) throws ReflectiveOperationException {
    Field field = follower.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
