package org.cairnfs.store;

import java.io.IOException;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** The segments that exist, by number, with a limit on how many files stay open. Thread-safe. */
final class Segments {
  private final SegmentFiles files;
  private final int openFilesMax;
  private final ConcurrentSkipListMap<Long, Segment> byNumber = new ConcurrentSkipListMap<>();

  Segments(SegmentFiles files, int openFilesMax) {
    this.files = files;
    this.openFilesMax = openFilesMax;
  }

  SegmentFiles files() {
    return files;
  }

  void add(Segment segment) {
    byNumber.put(segment.number(), segment);
  }

  @Nullable
  Segment get(long number) {
    return byNumber.get(number);
  }

  boolean contains(long number) {
    return byNumber.containsKey(number);
  }

  /** The one written last, or null if there is none. */
  @Nullable
  Segment last() {
    var last = byNumber.lastEntry();
    return last == null ? null : last.getValue();
  }

  /** Deletes a segment and its file. Reads that hold it go on. */
  void delete(long number) throws IOException {
    Segment segment = byNumber.remove(number);
    files.delete(number);
    if (segment != null) {
      segment.delete();
    }
  }

  /** Bytes of all segments. */
  long totalBytes() {
    return byNumber.values().stream().mapToLong(Segment::endBytes).sum();
  }

  /**
   * Notes that a file was opened: closes others that nobody used lately when there are too many.
   */
  void opened() throws IOException {
    long open = byNumber.values().stream().filter(Segment::isOpen).count();
    for (Segment segment : byNumber.values()) {
      if (open <= openFilesMax) {
        return;
      }
      if (segment.closeIfUnused()) {
        open--;
      }
    }
  }

  void close() throws IOException {
    for (Segment segment : byNumber.values()) {
      segment.close();
    }
  }
}
