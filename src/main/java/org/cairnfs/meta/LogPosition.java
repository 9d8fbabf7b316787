package org.cairnfs.meta;

/**
 * Where an entry is in the Raft log.
 *
 * @param term the leader's term in which it was appended
 * @param index counts entries
 */
public record LogPosition(long term, long index) {
  /** Before every entry that can be applied. */
  public static final LogPosition NONE = new LogPosition(0, 0);
}
