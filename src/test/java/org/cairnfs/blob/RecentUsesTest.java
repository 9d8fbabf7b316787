package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.Test;

final class RecentUsesTest {
  private static final int FRAMES = 16;

  private final RecentUses uses = new RecentUses();

  private static FrameKey key(long blob, int frame) {
    return new FrameKey(new BlobId(blob, blob * 0x5851F42D4C957F2DL, 3, 4), frame);
  }

  private long usedAgain(long blob) {
    return IntStream.range(0, FRAMES)
        .filter(frame -> uses.again(key(blob, frame)))
        .count();
  }

  @Test
  void eachFrameOfABlobIsRemembered() {
    assertThat(usedAgain(1)).isZero();
    assertThat(usedAgain(1)).isEqualTo(FRAMES);
    assertThat(usedAgain(1)).isEqualTo(FRAMES);
  }

  @Test
  void anotherBlobIsAnotherOne() {
    assertThat(usedAgain(1)).isZero();
    assertThat(usedAgain(2)).isZero();
  }

  @Test
  void whatWasUsedLongAgoIsForgotten() {
    assertThat(usedAgain(1)).isZero();
    for (int blob = 2; blob < 10_000; blob++) {
      assertThat(usedAgain(blob)).isZero();
    }
    assertThat(usedAgain(1)).isZero();
  }
}
