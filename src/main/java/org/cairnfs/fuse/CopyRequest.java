package org.cairnfs.fuse;

import org.cairnfs.core.InodeNumber;

/**
 * The copy_file_range(2) being served: struct fuse_copy_file_range_in of linux/fuse.h.
 *
 * @param source the file that is read, and {@code from} the handle it was opened with
 * @param target the file that is written, and {@code to} the handle
 * @param lengthBytes how much is wanted; less is an answer, too
 */
record CopyRequest(
    InodeNumber source,
    long from,
    long fromOffset,
    InodeNumber target,
    long to,
    long toOffset,
    long lengthBytes) {
  // The first is in struct fuse_in_header; the others are behind its 40 bytes.
  private static final int SOURCE = 16;
  private static final int FROM = 40;
  private static final int FROM_OFFSET = 48;
  private static final int TARGET = 56;
  private static final int TO = 64;
  private static final int TO_OFFSET = 72;
  private static final int LENGTH = 80;

  static CopyRequest current() {
    return new CopyRequest(
        new InodeNumber(Worker.requestLong(SOURCE)),
        Worker.requestLong(FROM),
        Worker.requestLong(FROM_OFFSET),
        new InodeNumber(Worker.requestLong(TARGET)),
        Worker.requestLong(TO),
        Worker.requestLong(TO_OFFSET),
        Worker.requestLong(LENGTH));
  }
}
