package org.cairnfs.net;

/** What a node does in its cluster. */
public enum Role {
  /** Holds the volume's key and can mount it. */
  MEMBER,
  /** Keeps and serves blobs, and holds no key. */
  STORAGE
}
