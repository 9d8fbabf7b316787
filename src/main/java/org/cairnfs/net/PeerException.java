package org.cairnfs.net;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A peer did not do what was asked; the reason says whether asking again makes sense. */
public final class PeerException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What happened, for programs. */
  public enum Reason {
    /** There is no connection, and none can be made at the moment: nothing was sent. */
    UNREACHABLE,
    /** Too much is under way already: nothing was sent. */
    BUSY,
    /** The time was over; the peer may or may not have done it. */
    TIMEOUT,
    /** The connection ended first; the peer may or may not have done it. */
    LOST,
    /** The peer answered that it could not, would not, or has not: see the code. */
    REFUSED,
    /** What received a stream failed, or the caller gave up. */
    ABANDONED,
    /** This node stops. */
    CLOSED
  }

  private final Reason reason;
  private final FailureCode code;

  PeerException(Reason reason, String message) {
    this(reason, FailureCode.FAILED, message, null);
  }

  PeerException(Reason reason, String message, @Nullable Throwable cause) {
    this(reason, FailureCode.FAILED, message, cause);
  }

  PeerException(Reason reason, FailureCode code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.code = code;
  }

  /** What the peer said, as an exception. */
  static PeerException refused(FailureCode code, String message) {
    return new PeerException(Reason.REFUSED, code, message, null);
  }

  public Reason reason() {
    return reason;
  }

  /** What the peer said, if the reason is {@link Reason#REFUSED}. */
  public FailureCode code() {
    return code;
  }
}
