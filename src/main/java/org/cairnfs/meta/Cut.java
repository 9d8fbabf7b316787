package org.cairnfs.meta;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The changes of a session between two moments, on their way to becoming durable. */
public interface Cut {
  /** Whether it holds no change. */
  boolean isEmpty();

  /**
   * Adds what writing changed up to the moment of the cut, makes it visible to the session's reads,
   * and proposes everything as one atomic entry. The blobs named must be on stable storage already.
   * Updates of inodes that are gone are dropped.
   *
   * <p>To be called once, even for an empty cut, in the order the cuts were taken, unless it is
   * {@linkplain #takeBack taken back}. Blocks only when too many cuts are under way.
   *
   * @return completes when the entry is committed, applied and durable; exceptionally with a
   *     PosixException (EIO) when it cannot be
   */
  default CompletableFuture<Void> commit(List<FileUpdate> updates) {
    return commit(updates, EntryJournal.NONE);
  }

  /**
   * As {@link #commit(List)}, but that blobs need not be on stable storage if the journal has them.
   *
   * @param journal given the entry before the log is
   */
  CompletableFuture<Void> commit(List<FileUpdate> updates, EntryJournal journal);

  /** About how long its entry will be, without the updates. */
  long bytes();

  /**
   * Instead of {@link #commit}: as if it had never been taken, its changes are in the next cut,
   * before those made since.
   */
  void takeBack();
}
