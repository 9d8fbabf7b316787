package org.cairnfs.net;

import org.jspecify.annotations.Nullable;

/** Why a request, or a whole connection, came to nothing, as the wire says it. */
public enum FailureCode {
  /** The peer knows no such message. */
  UNKNOWN_MESSAGE(1),
  /** The peer has too much to do, or has had trouble with this node; later may do. */
  BUSY(2),
  /** The time given with the request was over. */
  OVERDUE(3),
  /** The peer could not do it; its log says why. */
  FAILED(4),
  /** Not a message that this node may send, or not on this connection. */
  FORBIDDEN(5),
  /** The peer does not have what was asked for. */
  NOT_FOUND(6),
  /** The message makes no sense to the peer. */
  INVALID(7),
  /** The peer's disk is full. */
  NO_SPACE(8),
  /** Another node lives under the identity of the one that asks. */
  DUPLICATE(9),
  /** The versions of the protocol do not meet. */
  WRONG_VERSION(16),
  /** The peer belongs to another cluster. */
  WRONG_CLUSTER(17),
  /** A node is not the one it says it is, or not the one that was called. */
  WRONG_IDENTITY(18),
  /** The peer does not know this node as a member. */
  NOT_A_MEMBER(19),
  /** What arrived was not the protocol. */
  VIOLATION(20),
  /** The peer stops, or no longer needs the connection. */
  CLOSING(21),
  /** The node was removed from the cluster, for good. */
  REVOKED(22);

  private final int number;

  FailureCode(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  static @Nullable FailureCode of(int number) {
    for (FailureCode code : values()) {
      if (code.number == number) {
        return code;
      }
    }
    return null;
  }
}
