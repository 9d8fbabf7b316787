package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads that take tasks from a queue as workers take requests from the kernel. */
@Timeout(60)
final class StandbyTest {
  private static final int WORKERS = 6;
  private static final int WAITING_MAX = 2;
  private static final int END_LIMIT_MILLIS = 10_000;

  private final Standby standby = new Standby();
  private final BlockingQueue<Runnable> requests = new LinkedBlockingQueue<>();
  private final List<Thread> workers = new ArrayList<>();
  private volatile boolean over;
  private int waiting;

  @AfterEach
  void end() throws InterruptedException {
    over = true;
    standby.close();
    for (int i = 0; i < workers.size(); i++) {
      requests.add(() -> {});
    }
    for (Thread worker : workers) {
      worker.join(END_LIMIT_MILLIS);
      assertThat(worker.isAlive()).as("a worker that is stuck").isFalse();
    }
  }

  private void start() {
    for (int i = 0; i < WORKERS; i++) {
      Thread worker = new Thread(this::work);
      worker.setDaemon(true);
      workers.add(worker);
      worker.start();
    }
  }

  private void work() {
    try {
      while (!over) {
        standby.enter();
        count(1);
        Runnable request = requests.take();
        count(-1);
        standby.leave();
        request.run();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private synchronized void count(int more) {
    waiting += more;
  }

  private synchronized int waiting() {
    return waiting;
  }

  private long resting() {
    return workers.stream()
            .filter(worker -> worker.getState() == Thread.State.WAITING)
            .count()
        - waiting();
  }

  private void awaitQuiet() {
    await().until(() -> waiting() == WAITING_MAX && resting() == WORKERS - WAITING_MAX);
  }

  private static void awaitUnlessInterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void twoWaitAndTheOthersRest() throws InterruptedException {
    start();
    awaitQuiet();

    CountDownLatch served = new CountDownLatch(100);
    for (int i = 0; i < 100; i++) {
      requests.add(served::countDown);
    }
    assertThat(served.await(10, TimeUnit.SECONDS)).isTrue();

    awaitQuiet();
  }

  @Test
  void asManyAreCalledAsAreBlocked() {
    start();
    CountDownLatch unblocked = new CountDownLatch(1);
    CountDownLatch blocked = new CountDownLatch(WORKERS - 1);
    for (int i = 1; i < WORKERS; i++) {
      requests.add(() -> {
        blocked.countDown();
        awaitUnlessInterrupted(unblocked);
      });
    }
    // each of them needs the one that comes last
    requests.add(() -> {
      awaitUnlessInterrupted(blocked);
      unblocked.countDown();
    });

    awaitUnlessInterrupted(unblocked);
    awaitQuiet();
  }

  @Test
  void nobodyRestsOnceTheSessionIsOver() {
    start();
    awaitQuiet();

    standby.close();

    await().until(() -> waiting() == WORKERS);
  }

  /** Each request waits for the one that comes after it: one that is left lying stops all. */
  @Test
  void noRequestIsLeftLying() throws InterruptedException {
    start();
    Random random = new Random(4);
    for (int round = 0; round < 300; round++) {
      int chain = 1 + random.nextInt(WORKERS);
      List<CountDownLatch> done = new ArrayList<>();
      for (int i = 0; i <= chain; i++) {
        done.add(new CountDownLatch(1));
      }
      done.get(chain).countDown();
      for (int i = 0; i < chain; i++) {
        int own = i;
        requests.add(() -> {
          awaitUnlessInterrupted(done.get(own + 1));
          done.get(own).countDown();
        });
        if (random.nextInt(4) == 0) {
          TimeUnit.MICROSECONDS.sleep(random.nextInt(2000));
        }
      }
      assertThat(done.get(0).await(10, TimeUnit.SECONDS)).as("round " + round).isTrue();
    }
  }
}
