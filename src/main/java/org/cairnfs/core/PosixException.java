package org.cairnfs.core;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A filesystem operation failed with an error number that its caller is to see.
 *
 * <p>Expected outcomes (a name that is not there) take this path too, so it carries no stack trace
 * unless it has a cause. Unchecked, because nearly every operation of the vfs may throw it.
 */
public final class PosixException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Errno errno;

  /** An expected failure; {@code context} says of what, for the log. */
  public PosixException(Errno errno, String context) {
    super(errno + ": " + context, null, false, false);
    this.errno = Objects.requireNonNull(errno);
  }

  /** A failure that something underneath caused; keeps the stack trace. */
  public PosixException(Errno errno, String context, @Nullable Throwable cause) {
    super(errno + ": " + context, cause, false, true);
    this.errno = Objects.requireNonNull(errno);
  }

  /** The error number to answer with. */
  public Errno errno() {
    return errno;
  }
}
