package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.junit.jupiter.api.Test;

final class RangesTest {
  private static final BlobRef BLOB =
      new BlobRef(new BlobId(1, 2, 3, 4), new Bytes(new byte[40]), 1000);

  private final List<Extent> extents =
      List.of(new Extent(100, 50, BLOB, 7), new Extent(200, 50, BLOB, 300));

  @Test
  void takingOutTheMiddleSplits() {
    assertThat(Ranges.without(extents, 110, 120))
        .containsExactly(
            new Extent(100, 10, BLOB, 7), new Extent(120, 30, BLOB, 27), extents.get(1));
  }

  @Test
  void takingOutAcrossTrimsBoth() {
    assertThat(Ranges.without(extents, 140, 210))
        .containsExactly(new Extent(100, 40, BLOB, 7), new Extent(210, 40, BLOB, 310));
  }

  @Test
  void takingOutAllLeavesNothing() {
    assertThat(Ranges.without(extents, 0, 1000)).isEmpty();
  }

  @Test
  void whatOnlyTouchesStays() {
    assertThat(Ranges.without(extents, 150, 200)).isEqualTo(extents);
  }
}
