package org.cairnfs.meta;

/** A place on stable storage that an entry reaches sooner than the log. */
public interface EntryJournal {
  /** Takes nothing. */
  EntryJournal NONE = (entry, allEarlier) -> false;

  /**
   * Writes an entry. Blocks on the disk.
   *
   * @param entry an encoded {@link org.cairnfs.proto.MetaEntry}, which may be proposed once more
   *     after a crash
   * @param allEarlier whether all earlier entries of the session are durable: else this one is not
   *     either, whatever is done with it here
   * @return whether it is on stable storage; then it may go into the log somewhat later, with
   *     others
   * @throws org.cairnfs.core.PosixException if the entry must not go into the log, because what it
   *     rests on could not be stored
   */
  boolean write(byte[] entry, boolean allEarlier);

  /** The entry that was written is in the log for good, and in the tables. Does not block. */
  default void committed() {}
}
