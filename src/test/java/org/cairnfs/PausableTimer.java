package org.cairnfs;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** A timer that can be stopped, for tests in which nothing may happen by the clock. */
public final class PausableTimer extends ScheduledThreadPoolExecutor {
  private static final int THREADS = 2;

  private volatile CountDownLatch going = new CountDownLatch(0);

  /** A timer that runs. */
  public PausableTimer() {
    super(THREADS);
  }

  /** No task begins from now on; those that run go on. */
  public void pause() {
    going = new CountDownLatch(1);
  }

  /** Tasks run again. */
  public void resume() {
    going.countDown();
  }

  @Override
  protected void beforeExecute(Thread thread, Runnable task) {
    try {
      going.await();
    } catch (InterruptedException stopped) {
      thread.interrupt();
    }
    super.beforeExecute(thread, task);
  }
}
