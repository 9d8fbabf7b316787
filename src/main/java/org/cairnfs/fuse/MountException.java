package org.cairnfs.fuse;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Mounting or unmounting did not work; the message is for people and says what to do. */
public final class MountException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What stood in the way. */
  public enum Reason {
    /** There is no /dev/fuse, or it may not be opened. */
    NO_DEVICE,
    /** libfuse.so.2 is not installed. */
    NO_LIBRARY,
    /** Only fusermount can mount for this user, and it is not installed. */
    NO_FUSERMOUNT,
    MISSING,
    NOT_A_DIRECTORY,
    NOT_EMPTY,
    ALREADY_MOUNTED,
    /** A filesystem whose server died is still mounted there. */
    STALE,
    BAD_OPTION,
    /** Programs use the mounted filesystem. */
    BUSY,
    /** The system said no; the message holds what it said. */
    REFUSED
  }

  private final Reason reason;

  MountException(Reason reason, String message) {
    this(reason, message, null);
  }

  MountException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
