package org.cairnfs.node.cluster;

import org.cairnfs.net.PeerException;
import org.cairnfs.node.home.OperatorException;
import org.jspecify.annotations.Nullable;

/** What other nodes say to one that may not go on. */
final class Dismissal {
  private static final String REMEDY_OF_DUPLICATES =
      "A home is one node's. If this is a copy of a home, remove it and have this host join with a"
          + " token of its own; if the node has moved, stop it where it ran before.";

  /**
   * Why this node has to end, if that is what a member of its cluster has answered. That it was
   * removed is believed: every member could remove it, and nobody who is removed comes back.
   */
  static @Nullable OperatorException of(Throwable problem) {
    if (!(problem instanceof PeerException failure)
        || failure.reason() != PeerException.Reason.REFUSED) {
      return null;
    }
    return switch (failure.code()) {
      case DUPLICATE ->
        new OperatorException(String.valueOf(failure.getMessage()), REMEDY_OF_DUPLICATES);
      case REVOKED -> removed();
      default -> null;
    };
  }

  static OperatorException removed() {
    return new OperatorException(
        "this node was removed from its cluster",
        "It cannot come back. Remove its home, and join again with a new token if that is wanted.");
  }

  private Dismissal() {}
}
