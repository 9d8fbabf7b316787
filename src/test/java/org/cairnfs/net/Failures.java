package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for futures that are to succeed, or to fail. */
final class Failures {
  static <T> T get(CompletableFuture<T> future)
      throws ExecutionException, InterruptedException, TimeoutException {
    return future.get(TestNode.LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  static PeerException failure(CompletableFuture<?> future) {
    Throwable thrown = catchThrowable(() -> get(future));
    assertThat(thrown)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(PeerException.class);
    return (PeerException) thrown.getCause();
  }

  private Failures() {}
}
