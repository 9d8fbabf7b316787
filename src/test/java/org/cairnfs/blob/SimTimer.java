package org.cairnfs.blob;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A node's timer and threads in a {@link SimWorld}. */
final class SimTimer extends AbstractExecutorService implements ScheduledExecutorService {
  private final SimWorld world;
  private final Consumer<Runnable> runner;
  private boolean stopped;

  /** @param runner runs a task now or, if the node is stalled, later */
  SimTimer(SimWorld world, Consumer<Runnable> runner) {
    this.world = world;
    this.runner = runner;
  }

  private static final class Planned<V> extends CompletableFuture<V> implements ScheduledFuture<V> {
    @Override
    public long getDelay(TimeUnit unit) {
      return 0;
    }

    @Override
    public int compareTo(Delayed other) {
      return 0;
    }
  }

  private void later(long nanos, Runnable task) {
    world.after(nanos, () -> {
      if (!stopped) {
        runner.accept(() -> {
          if (!stopped) {
            task.run();
          }
        });
      }
    });
  }

  @Override
  public void execute(Runnable task) {
    later(world.between(0, 5 * SimWorld.MILLI), task);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    later(unit.toNanos(delay), task);
    return new Planned<Object>();
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable task, long initial, long delay, TimeUnit unit) {
    later(unit.toNanos(initial), () -> {
      task.run();
      var unused = scheduleWithFixedDelay(task, delay, delay, unit);
    });
    return new Planned<Object>();
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable task, long initial, long period, TimeUnit unit) {
    return scheduleWithFixedDelay(task, initial, period, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
    later(unit.toNanos(delay), () -> {
      try {
        V unused = task.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
    return new Planned<>();
  }

  @Override
  public void shutdown() {
    stopped = true;
  }

  @Override
  public List<Runnable> shutdownNow() {
    stopped = true;
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return stopped;
  }

  @Override
  public boolean isTerminated() {
    return stopped;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return true;
  }
}
