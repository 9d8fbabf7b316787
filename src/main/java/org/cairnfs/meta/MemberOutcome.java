package org.cairnfs.meta;

import org.cairnfs.core.Errno;

/** What a change of the members or invites came to. Any but DONE has changed nothing. */
public enum MemberOutcome {
  DONE,
  /** What was asked for makes no sense: a value is out of bounds, or the role is another. */
  INVALID,
  /** It is there already: the node in the cluster, or the invite. */
  EXISTS,
  /** No such node, or no such invite. */
  UNKNOWN,
  /** The node was removed, for good. */
  REMOVED,
  /** The invite is no longer valid. */
  EXPIRED,
  /** As many have joined with the invite as may. */
  USED_UP,
  /** The last node of a cluster cannot be removed. */
  LAST_MEMBER;

  static MemberOutcome of(int errno) {
    if (errno == 0) {
      return DONE;
    }
    for (MemberOutcome outcome : values()) {
      if (outcome != DONE && outcome.errno().number() == errno) {
        return outcome;
      }
    }
    throw new CorruptMetadataException("a change of members failed with errno " + errno);
  }

  private Errno errno() {
    return switch (this) {
      case DONE -> throw new IllegalStateException("not an error");
      case INVALID -> Errno.EINVAL;
      case EXISTS -> Errno.EEXIST;
      case UNKNOWN -> Errno.ENOENT;
      case REMOVED -> Errno.EACCES;
      case EXPIRED -> Errno.ETIMEDOUT;
      case USED_UP -> Errno.EDQUOT;
      case LAST_MEMBER -> Errno.EBUSY;
    };
  }
}
