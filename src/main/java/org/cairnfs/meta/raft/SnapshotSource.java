package org.cairnfs.meta.raft;

import java.io.IOException;
import java.io.OutputStream;

/** Brings all rows of another node's metadata. Thread-safe. */
@FunctionalInterface
public interface SnapshotSource {
  /**
   * Reads a {@link org.cairnfs.meta.MetaSnapshot} of that node's; blocks.
   *
   * @param from the node's id, as text
   * @throws IOException if it cannot be had, or not whole
   */
  void fetch(String from, OutputStream into) throws IOException;
}
