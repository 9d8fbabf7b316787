package org.cairnfs.meta;

/** What the changes of one batch add to the volume's usage. Not thread-safe. */
final class UsageSum {
  private long logicalBytes;
  private long inodes;

  void add(long logicalBytesDelta, long inodesDelta) {
    logicalBytes += logicalBytesDelta;
    inodes += inodesDelta;
  }

  long logicalBytes() {
    return logicalBytes;
  }

  long inodes() {
    return inodes;
  }
}
