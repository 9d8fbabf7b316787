package org.cairnfs.net;

/** A peer sent what the protocol does not allow; its connection is closed. */
final class ProtocolViolation extends Exception {
  private static final long serialVersionUID = 1L;

  ProtocolViolation(String message) {
    super(message);
  }
}
