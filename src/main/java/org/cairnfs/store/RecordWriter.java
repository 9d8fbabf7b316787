package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes records into segment files.
 *
 * <p>A small record is copied through a direct buffer that stays in the processor's cache, since
 * the channel would copy a heap buffer through a fresh large one. Of a large one all whole pages go
 * to the disk past the page cache: there it would take the place of what is read again, of blobs
 * that the kernel has a second time, decrypted, for whoever reads the file; and pages that a
 * virtual machine had not used before were measured to cost more than all else that is done with a
 * block.
 *
 * <p>For one thread at a time.
 */
final class RecordWriter {
  /** Blobs of whole blocks and most of one; smaller ones are soon wanted again, many in a row. */
  private static final int LARGE_MIN_BYTES = 256 << 10;

  /** Larger writes were measured at a fraction of the speed, and smaller ones at two thirds. */
  private static final int STAGING_BYTES = 256 << 10;

  private static final int PAGE_BYTES = SegmentFile.PAGE_BYTES;

  /** A whole block's blob in its record, and the pages that it begins and ends in, fit. */
  private static final int PAGES_BYTES = (1 << 20) + (64 << 10);

  private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
  private final ByteBuffer pages =
      ByteBuffer.allocateDirect(PAGES_BYTES + PAGE_BYTES).alignedSlice(PAGE_BYTES);

  /** Writes a record at its place; {@code payload} is consumed. */
  void write(SegmentFile file, RecordHeader header, ByteBuffer payload, Location at)
      throws IOException {
    boolean large = at.recordBytes() >= LARGE_MIN_BYTES;
    ByteBuffer buffer = large ? pages : staging;
    long offset = at.offset();
    // Where in the buffer the first byte is, so that pages of the file are pages of the buffer.
    int start = large ? (int) (offset % PAGE_BYTES) : 0;
    buffer.clear().limit(large ? PAGES_BYTES : STAGING_BYTES).position(start);
    SegmentFormat.putRecordHeader(buffer, header, at.segment(), offset);
    do {
      int count = Math.min(buffer.remaining(), payload.remaining());
      buffer.put(payload.slice(payload.position(), count));
      payload.position(payload.position() + count);
      int end = buffer.position();
      if (large) {
        writePages(file, start, end, offset);
      } else {
        file.write(buffer.flip(), offset);
      }
      offset += end - start;
      start = 0;
      buffer.clear().limit(large ? PAGES_BYTES : STAGING_BYTES);
    } while (payload.hasRemaining());
  }

  /** Writes {@code [start, end)} of {@link #pages}: what is no whole page as ever. */
  private void writePages(SegmentFile file, int start, int end, long offset) throws IOException {
    int first = (start + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    int last = end / PAGE_BYTES * PAGE_BYTES;
    file.write(part(start, first), offset);
    file.writePages(part(first, last), offset + first - start);
    file.write(part(last, end), offset + last - start);
  }

  private ByteBuffer part(int from, int to) {
    return pages.duplicate().clear().position(from).limit(to);
  }
}
