package org.cairnfs.net;

/** What a node is to this one. */
public enum Standing {
  /** Belongs to the cluster. */
  MEMBER,
  /** Does not, and may ask for what {@link Handlers} lets guests ask: to join. */
  GUEST,
  /** Is not spoken to, as nobody knows it. */
  REFUSED,
  /** Is not spoken to, and will not be again: it was removed from the cluster. */
  REVOKED
}
