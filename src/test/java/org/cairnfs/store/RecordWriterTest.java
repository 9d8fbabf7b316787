package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A record is in its place, whole, and its pages are where pages of a file may be. */
class RecordWriterTest {
  private static final int PAGE = SegmentFile.PAGE_BYTES;
  private static final int LARGE = 256 << 10;

  private final RecordWriter writer = new RecordWriter();

  @Property(tries = 200)
  void anyRecordIsWrittenAnywhere(
      @ForAll @IntRange(max = 3 * PAGE) int offset,
      @ForAll @IntRange(max = SegmentFormat.PAYLOAD_MAX_BYTES) int length)
      throws IOException {
    write(offset, length);
  }

  @Property(tries = 200)
  void aLargeRecordMayBeginAndEndAnywhereInAPage(
      @ForAll @IntRange(max = PAGE) int offset, @ForAll @IntRange(max = 2 * PAGE) int more)
      throws IOException {
    assertThat(write(offset, LARGE + more).pageBytes).isGreaterThan(LARGE - 2 * PAGE);
  }

  private Memory write(int offset, int length) throws IOException {
    byte[] payload = Blobs.bytes(1, length);
    var header = new RecordHeader(
        RecordKind.BLOB, length, Blobs.id(payload), SegmentFormat.crc(ByteBuffer.wrap(payload)));
    var file = new Memory(offset + SegmentFormat.RECORD_HEADER_BYTES + length);
    writer.write(file, header, ByteBuffer.wrap(payload), new Location(9, offset, length));
    ByteBuffer written = ByteBuffer.wrap(file.bytes).position(offset);
    assertThat(SegmentFormat.recordHeader(written, 9, offset)).isEqualTo(header);
    int start = offset + SegmentFormat.RECORD_HEADER_BYTES;
    assertThat(Arrays.mismatch(file.bytes, start, file.bytes.length, payload, 0, length))
        .isEqualTo(-1);
    assertThat(Arrays.mismatch(file.bytes, 0, offset, new byte[offset], 0, offset))
        .isEqualTo(-1);
    return file;
  }

  private static final class Memory implements SegmentFile {
    final byte[] bytes;
    int pageBytes;

    Memory(int length) {
      bytes = new byte[length];
    }

    @Override
    public void write(ByteBuffer from, long offset) {
      from.get(bytes, (int) offset, from.remaining());
    }

    @Override
    public void writePages(ByteBuffer from, long offset) {
      assertThat(offset % PAGE).isZero();
      assertThat(from.remaining() % PAGE).isZero();
      assertThat(from.alignmentOffset(from.position(), PAGE)).isZero();
      pageBytes += from.remaining();
      write(from, offset);
    }

    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public int read(ByteBuffer into, long offset) {
      throw new UnsupportedOperationException("only written");
    }

    @Override
    public void truncate(long sizeBytes) {
      throw new UnsupportedOperationException("never cut");
    }

    @Override
    public void force() {
      throw new UnsupportedOperationException("never forced");
    }

    @Override
    public void close() {}
  }
}
