package org.cairnfs.fuse;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Mounting or unmounting did not work; the message and the remedy are for people: what happened,
 * and what to do.
 */
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
  private final String remedy;

  MountException(Reason reason, String message, String remedy) {
    this(reason, message, remedy, null);
  }

  MountException(Reason reason, String message, String remedy, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.remedy = remedy;
  }

  public Reason reason() {
    return reason;
  }

  /** What to do, a sentence. */
  public String remedy() {
    return remedy;
  }
}
