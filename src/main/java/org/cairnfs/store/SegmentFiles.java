package org.cairnfs.store;

import java.io.IOException;
import java.util.List;

/** The directory of segment files: all that the store asks of a file system. Thread-safe. */
interface SegmentFiles {
  /** Numbers of the segments that have a file, ascending. */
  List<Long> list() throws IOException;

  /** Makes the empty file of a new segment; a power cut after the return does not undo it. */
  SegmentFile create(long segment) throws IOException;

  /** Opens an existing file for reading and writing. */
  SegmentFile open(long segment) throws IOException;

  /** Removes the file; a power cut after the return does not undo it. Open files stay readable. */
  void delete(long segment) throws IOException;

  /** Bytes that the disk has free for this process. */
  long usableBytes() throws IOException;

  /** Bytes that the disk has in all. */
  long totalBytes() throws IOException;
}
