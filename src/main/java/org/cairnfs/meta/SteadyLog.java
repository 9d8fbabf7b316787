package org.cairnfs.meta;

import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/** A log that always has a leader, never stalls, and holds nothing to close. */
@FunctionalInterface
public interface SteadyLog extends MetaLog {
  @Override
  default boolean hasLeader() {
    return true;
  }

  @Override
  default @Nullable PosixException stalled() {
    return null;
  }

  @Override
  default void onStall(Consumer<PosixException> listener) {}

  @Override
  default void close() {}
}
