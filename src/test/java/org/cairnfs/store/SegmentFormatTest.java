package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Properties;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bytes of segments, against vectors made by golden.py, which shares no code with this. */
class SegmentFormatTest {
  private static final long SEGMENT = 0x0102;
  private static final Properties golden = new Properties();

  @BeforeAll
  static void load() throws IOException {
    try (InputStream in = SegmentFormatTest.class.getResourceAsStream("golden.properties")) {
      golden.load(in);
    }
  }

  private static byte[] golden(String key) {
    return HexFormat.of().parseHex(golden.getProperty(key));
  }

  private static byte[] array(ByteBuffer bytes) {
    byte[] array = new byte[bytes.remaining()];
    bytes.duplicate().get(array);
    return array;
  }

  @Test
  void writesTheSegmentHeaderAsSpecified() throws IOException {
    assertThat(array(SegmentFormat.segmentHeader(SEGMENT))).isEqualTo(golden("segment.header"));
    assertThat(SegmentFormat.isSegmentHeader(ByteBuffer.wrap(golden("segment.header")), SEGMENT))
        .isTrue();
    assertThat(SegmentFormat.isSegmentHeader(ByteBuffer.wrap(golden("segment.header")), 1))
        .isFalse();
  }

  @Test
  void writesRecordsAsSpecified() throws IOException {
    byte[] blob = golden("blob");
    BlobId id = Blobs.id(blob);
    var disk = new SimulatedDisk();
    disk.corrupt(SEGMENT, golden("segment.header"));
    try (var store = SegmentStore.open(
        disk,
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        SegmentOptions.DEFAULT,
        Runnable::run)) {
      assertThat(Blobs.add(store, blob)).isEqualTo(id);
      store.delete(id);
    }
    String expected = golden.getProperty("segment.header")
        + golden.getProperty("record.blob")
        + golden.getProperty("record.tombstone");
    assertThat(HexFormat.of().formatHex(disk.bytes(SEGMENT))).isEqualTo(expected);
  }

  @Test
  void readsRecordsAsSpecified() throws IOException {
    byte[] blob = golden("blob");
    var disk = new SimulatedDisk();
    disk.corrupt(
        SEGMENT,
        HexFormat.of()
            .parseHex(golden.getProperty("segment.header") + golden.getProperty("record.blob")));
    try (var store = SegmentStore.open(
        disk,
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        SegmentOptions.DEFAULT,
        Runnable::run)) {
      assertThat(store.recovered().recordsFound()).isEqualTo(1);
      assertThat(store.recovered().isClean()).isTrue();
      assertThat(Blobs.read(store, Blobs.id(blob))).isEqualTo(blob);
    }
  }

  @Test
  void aRecordIsValidAtItsOwnPlaceOnly() {
    ByteBuffer header = ByteBuffer.wrap(golden("record.blob"));
    assertThat(SegmentFormat.recordHeader(header, SEGMENT, 20)).isNotNull();
    assertThat(SegmentFormat.recordHeader(header, SEGMENT, 21)).isNull();
    assertThat(SegmentFormat.recordHeader(header, SEGMENT + 1, 20)).isNull();
  }

  @Test
  void anyChangedBitOfAHeaderIsNoticed() {
    for (int bit = 0; bit < 8 * SegmentFormat.RECORD_HEADER_BYTES; bit++) {
      byte[] bytes = golden("record.blob");
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThat(SegmentFormat.recordHeader(ByteBuffer.wrap(bytes), SEGMENT, 20))
          .isNull();
    }
  }

  @Test
  void refusesASegmentOfANewerVersion() {
    ByteBuffer header = ByteBuffer.allocate(SegmentFormat.SEGMENT_HEADER_BYTES);
    header.put(golden("segment.header"), 0, 4).putInt(2).putLong(SEGMENT);
    header.putInt(SegmentFormat.crc(header.duplicate().flip())).flip();
    assertThatThrownBy(() -> SegmentFormat.isSegmentHeader(header, SEGMENT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 2");
  }
}
