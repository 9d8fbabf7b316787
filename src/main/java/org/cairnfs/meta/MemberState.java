package org.cairnfs.meta;

import org.jspecify.annotations.Nullable;

/** Where a node stands in its cluster. */
public enum MemberState {
  /** It belongs to it. */
  ACTIVE(1),
  /** It belongs to it, and gives its blobs to others in order to leave. */
  DRAINING(2),
  /** It was sent away, for good: it may come back only under another identity. */
  REMOVED(3);

  /** In records and operations; never reused. */
  private final int number;

  MemberState(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /** Null if there is none of that number. */
  static @Nullable MemberState find(int number) {
    for (MemberState state : values()) {
      if (state.number == number) {
        return state;
      }
    }
    return null;
  }
}
