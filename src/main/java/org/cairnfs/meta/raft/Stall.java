package org.cairnfs.meta.raft;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/** Whether the log waits for room on the disk, and who hears when it begins to. Thread-safe. */
final class Stall {
  private final List<Consumer<PosixException>> listeners = new CopyOnWriteArrayList<>();
  private volatile @Nullable PosixException reason;

  @Nullable
  PosixException reason() {
    return reason;
  }

  void onBegin(Consumer<PosixException> listener) {
    listeners.add(listener);
  }

  void begin(Throwable cause) {
    PosixException began = new PosixException(Errno.ENOSPC, "no room for the metadata log", cause);
    reason = began;
    listeners.forEach(listener -> listener.accept(began));
  }

  /** Returns whether there was one. */
  boolean end() {
    boolean stalled = reason != null;
    if (stalled) {
      reason = null;
    }
    return stalled;
  }
}
