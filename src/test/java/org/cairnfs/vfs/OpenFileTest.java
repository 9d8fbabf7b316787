package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When a reader is taken for a sequential one, and how far ahead of it is read. */
final class OpenFileTest {
  private static final long KIB = 1 << 10;
  private static final long MIB = 1 << 20;

  /** Nobody asks for the file itself. */
  private final OpenFile open = new OpenFile(null, true, false, new Losses().hearer());

  @Test
  void aLookAtTheStartReadsNothingAhead() {
    assertThat(open.readAhead(0, 4 * KIB)).isNull();
  }

  @Test
  void aLookAnywhereReadsNothingAhead() {
    assertThat(open.readAhead(400 * KIB, 404 * KIB)).isNull();
  }

  @Test
  void whoGoesOnHasTheNextRead() {
    assertThat(open.readAhead(0, 16 * KIB)).isNull();
    assertThat(open.readAhead(16 * KIB, 48 * KIB))
        .isEqualTo(new OpenFile.Window(48 * KIB, 304 * KIB));
  }

  @Test
  void aLongFirstReadIsSequential() {
    assertThat(open.readAhead(0, 128 * KIB)).isEqualTo(new OpenFile.Window(128 * KIB, 384 * KIB));
  }

  @Test
  void aJumpReadsNothingAhead() {
    assertThat(open.readAhead(50 * MIB, 50 * MIB + 4 * KIB)).isNull();
    assertThat(open.readAhead(10 * MIB, 10 * MIB + 4 * KIB)).isNull();
  }

  @Test
  void theWindowGrowsToItsLimit() {
    long at = 0;
    long furthest = 0;
    while (at < 64 * MIB) {
      OpenFile.Window window = open.readAhead(at, at + MIB);
      at += MIB;
      furthest = window == null ? furthest : window.to() - at;
      assertThat(furthest).isLessThanOrEqualTo(8 * MIB);
    }
    assertThat(furthest).isEqualTo(8 * MIB);
  }
}
