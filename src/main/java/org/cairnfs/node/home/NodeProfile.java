package org.cairnfs.node.home;

import java.util.Locale;
import java.util.OptionalLong;
import org.cairnfs.net.Role;

/**
 * What a node is in its cluster.
 *
 * @param zone what it shares with nodes that may fail together with it; empty if nobody said
 * @param capacityBytes what it offers for blobs; empty for all of its disk
 */
public record NodeProfile(Role role, String zone, OptionalLong capacityBytes) {
  /** A member that says nothing else of itself. */
  public static final NodeProfile DEFAULT = new NodeProfile(Role.MEMBER, "", OptionalLong.empty());

  private static final String ZONE_FORM = "[A-Za-z0-9._-]{1,64}";

  /** Reads {@code member} or {@code storage}. */
  public static Role parseRole(String text) throws OperatorException {
    for (Role role : Role.values()) {
      if (text.equals(format(role))) {
        return role;
      }
    }
    throw new OperatorException(
        "\"" + text + "\" is not a role",
        "A node is a member, which can mount the volume, or storage, which holds no key.",
        OperatorException.USAGE);
  }

  /** As {@link #parseRole} reads it. */
  public static String format(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  /** Checks the name of a zone, which may be empty. */
  public static String parseZone(String text) throws OperatorException {
    if (!text.isEmpty() && !text.matches(ZONE_FORM)) {
      throw new OperatorException(
          "\"" + text + "\" is not the name of a zone",
          "Use up to 64 letters, digits, dots, dashes and underscores.",
          OperatorException.USAGE);
    }
    return text;
  }
}
