package org.cairnfs.net;

/** What a connection is for; there is at most one of each from a node to another. */
public enum ChannelKind {
  /** Small messages that must not wait behind large ones. */
  CONTROL,
  /** Blobs, and whatever else is large. */
  BULK
}
