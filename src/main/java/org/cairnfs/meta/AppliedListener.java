package org.cairnfs.meta;

import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;

/**
 * Hears what has been committed, whoever proposed it. Called on the thread that applies entries,
 * one at a time and in the order of the log: it must not block, nor change the metadata.
 */
public interface AppliedListener {
  /**
   * An entry is in the tables.
   *
   * @param index its position in the log
   * @param reply what it came to
   */
  void applied(long index, MetaEntry entry, MetaReply reply);

  /** The tables were replaced as a whole: nothing that was heard before may be relied on. */
  void reloaded();
}
