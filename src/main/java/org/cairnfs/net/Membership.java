package org.cairnfs.net;

import org.cairnfs.core.NodeId;

/** Who belongs to the cluster. Thread-safe; must answer at once, from memory. */
@FunctionalInterface
public interface Membership {
  Standing standing(NodeId node);
}
