package org.cairnfs.net;

/** A handler's way to refuse a request: the peer is told the code and the message. */
public final class RefusedRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;

  /** @param message for the peer's log and people */
  public RefusedRequestException(FailureCode code, String message) {
    super(message);
    this.code = code;
  }

  public FailureCode code() {
    return code;
  }
}
