package org.cairnfs.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ExtentsTest {
  private static final BlobRef BLOB =
      new BlobRef(new BlobId(1, 2, 3, 4), new Bytes(new byte[40]), 1000, BlobFormat.LATEST);

  private final List<Extent> extents =
      List.of(new Extent(100, 50, BLOB, 7), new Extent(200, 50, BLOB, 300));

  @Test
  void takingOutTheMiddleSplits() {
    assertThat(Extents.without(extents, 110, 120))
        .containsExactly(
            new Extent(100, 10, BLOB, 7), new Extent(120, 30, BLOB, 27), extents.get(1));
  }

  @Test
  void takingOutAcrossTrimsBoth() {
    assertThat(Extents.without(extents, 140, 210))
        .containsExactly(new Extent(100, 40, BLOB, 7), new Extent(210, 40, BLOB, 310));
  }

  @Test
  void takingOutAllLeavesNothing() {
    assertThat(Extents.without(extents, 0, 1000)).isEmpty();
  }

  @Test
  void whatIsNewerTakesThePlaceOfWhatItCovers() {
    Extent over = new Extent(140, 70, BLOB, 0);
    Extent between = new Extent(160, 10, BLOB, 80);
    assertThat(Extents.overlay(extents, List.of(over, between)))
        .containsExactly(
            new Extent(100, 40, BLOB, 7),
            new Extent(140, 20, BLOB, 0),
            between,
            new Extent(170, 40, BLOB, 30),
            new Extent(210, 40, BLOB, 310));
  }

  @Test
  void whatOnlyTouchesStays() {
    assertThat(Extents.without(extents, 150, 200)).isEqualTo(extents);
  }
}
