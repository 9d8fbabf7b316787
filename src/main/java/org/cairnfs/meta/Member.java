package org.cairnfs.meta;

import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.net.Role;

/**
 * A node of the cluster, as the replicated metadata knows it.
 *
 * @param addresses where it listens, "host:port" each, the best first; may be empty. At most
 *     {@value #MAX_ADDRESSES}, of at most {@value #ADDRESS_MAX_BYTES} bytes in UTF-8
 * @param zone what fails together with it: a rack, a room; may be empty. At most
 *     {@value #ZONE_MAX_BYTES} bytes in UTF-8
 * @param capacityBytes what it offers for blobs, 0 or more
 */
public record Member(
    NodeId id,
    Role role,
    List<String> addresses,
    String zone,
    long capacityBytes,
    MemberState state,
    Timestamp joined) {
  public static final int MAX_ADDRESSES = 16;
  public static final int ADDRESS_MAX_BYTES = 270;
  public static final int ZONE_MAX_BYTES = 64;

  public Member {
    addresses = List.copyOf(addresses);
  }

  /** Whether it belongs to the cluster now. */
  public boolean belongs() {
    return state != MemberState.REMOVED;
  }
}
