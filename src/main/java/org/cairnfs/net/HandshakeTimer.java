package org.cairnfs.net;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The time that a handshake may take. Belongs to one handler; on its event loop only. */
final class HandshakeTimer {
  private @Nullable ScheduledFuture<?> running;

  /** Runs {@code tooLate} when the limit is over, unless stopped before. */
  void start(ChannelHandlerContext context, Duration limit, Runnable tooLate) {
    running = context.executor().schedule(tooLate, limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  void stop() {
    ScheduledFuture<?> timer = running;
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
