package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SegmentUsageTest {
  /** By hand from the table in docs/formats.md. */
  private static final String ENCODED = "00"
      + "0000000000001000" // indexed up to 4096
      + "0000000000000002" // two live blobs
      + "000000000000012c" // 300 bytes
      + "00000002" // tombstones for two segments
      + "000000000000000300000001"
      + "000000000000000700000002";

  private static SegmentUsage usage() {
    var usage = new SegmentUsage();
    usage.indexedBytes(4096);
    usage.addBlob(100);
    usage.addBlob(200);
    usage.addBlob(50);
    usage.removeBlob(50);
    usage.addTombstone(7);
    usage.addTombstone(3);
    usage.addTombstone(7);
    return usage;
  }

  @Test
  void isStoredAsSpecified() {
    assertThat(HexFormat.of().formatHex(usage().encode())).isEqualTo(ENCODED);
    SegmentUsage decoded = SegmentUsage.decode(HexFormat.of().parseHex(ENCODED));
    assertThat(decoded.encode()).isEqualTo(usage().encode());
    decoded.condemn();
    assertThat(decoded.encode()[0]).isEqualTo((byte) 1);
  }

  @Test
  void countsHeadersAndTombstonesAsLive() {
    assertThat(usage().liveBytes()).isEqualTo(300 + 2 * 52 + 3 * 68);
    SegmentUsage less = usage();
    less.removeTombstonesFor(7);
    assertThat(less.liveBytes()).isEqualTo(300 + 2 * 52 + 68);
    assertThat(less.hasTombstonesFor(7)).isFalse();
    assertThat(less.hasTombstonesFor(3)).isTrue();
  }

  @Test
  void aCopyIsIndependent() {
    SegmentUsage original = usage();
    var copy = new SegmentUsage(original);
    copy.addTombstone(3);
    copy.addBlob(1);
    assertThat(original.encode()).isEqualTo(usage().encode());
  }
}
