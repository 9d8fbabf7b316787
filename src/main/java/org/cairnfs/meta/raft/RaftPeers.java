package org.cairnfs.meta.raft;

import java.util.List;

/**
 * The nodes that keep the metadata log together.
 *
 * @param voters their ids as text, this node's among them
 */
public record RaftPeers(List<String> voters, RaftWire wire) {
  public RaftPeers {
    voters = List.copyOf(voters);
  }
}
