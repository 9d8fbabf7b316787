package org.cairnfs.meta.raft;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who leads and who votes, by id as text, as far as one node knows.
 *
 * @param leader null while there is none
 * @param voters nobody while that is not known
 */
public record RaftRoles(@Nullable String leader, Set<String> voters) {
  public RaftRoles {
    voters = Set.copyOf(voters);
  }
}
