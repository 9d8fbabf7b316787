package org.cairnfs.meta;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A cut of one life of a session.
 *
 * @param ending what its entry ends with
 */
record LocalCut(SessionLife life, Batch batch, SessionLife.Ending ending) implements Cut {
  @Override
  public boolean isEmpty() {
    return batch.ops().isEmpty();
  }

  @Override
  public CompletableFuture<Void> commit(List<FileUpdate> updates, EntryJournal journal) {
    return life.commit(batch, updates, ending, journal);
  }

  @Override
  public long bytes() {
    return batch.bytes();
  }

  @Override
  public void takeBack() {
    life.speculation().takeBack(batch);
  }
}
