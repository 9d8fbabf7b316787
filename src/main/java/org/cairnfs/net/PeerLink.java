package org.cairnfs.net;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.cairnfs.net.PeerException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The way to one peer for one kind of message: the connection, or the attempt to make one, or the
 * time to wait before the next attempt.
 *
 * <p>While it waits, everything is refused at once, so nothing hangs on a peer that is not there.
 * Waits double, with jitter, and are longest after the peer broke the protocol. Thread-safe.
 */
final class PeerLink {
  /** Requests that wait for a connection to be made. */
  static final int WAITING_MAX = 256;

  private static final int DOUBLINGS_MAX = 16;

  private final Supplier<CompletableFuture<ClientConnection>> connector;
  private final Duration backOff;
  private final Duration backOffMax;
  private final LongSupplier ticker;
  private final RandomGenerator random;

  /** Guarded by this, as is what follows: made or being made. */
  private @Nullable CompletableFuture<ClientConnection> connection;

  private long madeNanos;
  private int waiting;
  private int failures;
  private long notBeforeNanos;
  private @Nullable Throwable lastFailure;
  private boolean closed;

  PeerLink(PeerTransport.Context context, Supplier<CompletableFuture<ClientConnection>> connector) {
    this.connector = connector;
    this.backOff = context.settings().backOff();
    this.backOffMax = context.settings().backOffMax();
    this.ticker = context.ports().ticker();
    this.random = context.ports().random();
  }

  /** The connection, made if there is none. */
  CompletableFuture<ClientConnection> acquire() {
    CompletableFuture<ClientConnection> making;
    synchronized (this) {
      CompletableFuture<ClientConnection> current = connection;
      if (closed) {
        return refused(Reason.CLOSED, "this node stops", null);
      }
      if (current != null) {
        if (current.isDone()) {
          return current;
        }
        if (waiting >= WAITING_MAX) {
          return refused(Reason.BUSY, "too much waits for the connection", null);
        }
        waiting++;
        return current;
      }
      if (lastFailure != null && ticker.getAsLong() - notBeforeNanos < 0) {
        return refused(
            Reason.UNREACHABLE,
            "the peer is left alone for a moment: " + lastFailure.getMessage(),
            lastFailure);
      }
      making = new CompletableFuture<>();
      connection = making;
      waiting = 1;
    }
    var unused = connector.get().whenComplete((made, problem) -> {
      if (made != null) {
        adopt(made, making);
        making.complete(made);
      } else {
        failed(making, problem);
        making.completeExceptionally(problem);
      }
    });
    return making;
  }

  private static CompletableFuture<ClientConnection> refused(
      Reason reason, String message, @Nullable Throwable cause) {
    return CompletableFuture.failedFuture(new PeerException(reason, message, cause));
  }

  /** Takes over a connection that was made otherwise; an older one is left to end. */
  void adopt(ClientConnection made) {
    adopt(made, CompletableFuture.completedFuture(made));
  }

  private void adopt(ClientConnection made, CompletableFuture<ClientConnection> as) {
    boolean unwanted;
    synchronized (this) {
      unwanted = closed;
      connection = as;
      madeNanos = ticker.getAsLong();
    }
    if (unwanted) {
      Channels.close(made.channel());
    }
    made.channel().closeFuture().addListener(ended -> lost(made, as));
  }

  private synchronized void failed(
      CompletableFuture<ClientConnection> attempt, @Nullable Throwable problem) {
    if (connection == attempt) {
      connection = null;
    }
    boolean hopeless =
        problem instanceof PeerException refusal && refusal.reason() == Reason.REFUSED;
    wait(problem, hopeless);
  }

  private synchronized void lost(ClientConnection ended, CompletableFuture<ClientConnection> as) {
    if (connection == as) {
      connection = null;
    }
    boolean lasted = ticker.getAsLong() - madeNanos >= backOffMax.toNanos();
    if (ended.brokeProtocol()) {
      wait(new PeerException(Reason.LOST, "it broke the protocol"), true);
    } else if (lasted) {
      failures = 0;
      lastFailure = null;
    } else {
      wait(new PeerException(Reason.LOST, "it closed the connection"), false);
    }
  }

  private void wait(@Nullable Throwable cause, boolean longest) {
    failures++;
    long most = backOffMax.toNanos();
    long doubled = backOff.toNanos() << Math.min(failures - 1, DOUBLINGS_MAX);
    long nanos = longest ? most : Math.min(most, doubled);
    lastFailure = cause;
    // Between half of it and all of it, so that nodes do not come back in step.
    notBeforeNanos = ticker.getAsLong() + nanos / 2 + random.nextLong(nanos / 2 + 1);
  }

  /** The peer may be elsewhere now: the next attempt need not wait. */
  synchronized void forgive() {
    failures = 0;
    lastFailure = null;
  }

  /** The connection as it is. */
  synchronized @Nullable ClientConnection current() {
    CompletableFuture<ClientConnection> current = connection;
    return current != null && current.isDone() && !current.isCompletedExceptionally()
        ? current.join()
        : null;
  }

  /** Closes what there is; with {@code forGood}, nothing is made any more. */
  void close(boolean forGood) {
    CompletableFuture<ClientConnection> current;
    synchronized (this) {
      closed = closed || forGood;
      current = connection;
    }
    if (current != null) {
      var unused = current.thenAccept(made -> Channels.close(made.channel()));
    }
  }
}
