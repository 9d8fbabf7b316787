package org.cairnfs.kv;

import java.util.List;
import java.util.Map;

/** A store on the heap that can crash: {@link #crash} gives what a power cut would have left. */
public final class InMemoryKvStore extends HeapKvStore {
  /** Guarded by this. */
  private Map<String, Contents> flushed;

  public InMemoryKvStore(List<String> tableNames) {
    super(tableNames);
    flushed = shareAll();
  }

  private InMemoryKvStore(Map<String, Contents> contents) {
    super(contents);
    flushed = shareAll();
  }

  /**
   * The store as it is after a crash of this one: everything up to the last flush. This one is
   * closed.
   */
  public synchronized InMemoryKvStore crash() {
    Map<String, Contents> kept = flushed;
    close();
    return new InMemoryKvStore(kept);
  }

  @Override
  public synchronized void flush() {
    super.flush();
    flushed = shareAll();
  }
}
