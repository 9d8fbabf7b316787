package org.cairnfs.vfs;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;

/** Waiting, within bounds, for what is on its way to becoming durable. */
final class Commits {
  /** How long a program waits for the disk and the quorum before its call fails. */
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** How long for what no program did. */
  private static final Duration UPKEEP_TIMEOUT = Duration.ofSeconds(1);

  private Commits() {}

  /**
   * Waits a while for a commit of upkeep, and is content if it takes longer.
   *
   * @throws PosixException why it cannot be had
   */
  static void awaitUpkeep(CompletableFuture<Void> commit) {
    await(commit.copy().completeOnTimeout(null, UPKEEP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS));
  }

  /**
   * Waits for a commit.
   *
   * @throws PosixException why it cannot be had; EIO after {@link #TIMEOUT}
   */
  static void await(CompletableFuture<Void> commit) {
    try {
      commit.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw WriteBack.asPosix(e.getCause() != null ? e.getCause() : e);
    } catch (TimeoutException e) {
      throw new PosixException(Errno.EIO, "not committed within " + TIMEOUT, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(Errno.EINTR, "interrupted while waiting for a commit", e);
    }
  }
}
