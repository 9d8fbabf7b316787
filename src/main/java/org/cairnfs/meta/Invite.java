package org.cairnfs.meta;

import org.cairnfs.core.Bytes;
import org.cairnfs.core.Timestamp;
import org.cairnfs.net.Role;

/**
 * Leave for a number of nodes to become members. The secret itself is nowhere in the metadata.
 *
 * @param secretHash SHA-256 of the secret, 32 bytes
 * @param role what who joins with it becomes
 * @param expires not valid from then on
 * @param uses how many may still join with it
 */
public record Invite(Bytes secretHash, Role role, Timestamp expires, int uses) {
  public static final int HASH_BYTES = 32;
}
