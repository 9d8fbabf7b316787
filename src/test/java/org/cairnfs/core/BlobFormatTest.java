package org.cairnfs.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BlobFormatTest {
  @ParameterizedTest
  @CsvSource({
    "FRAMES_64K, 1, 33, 1",
    "FRAMES_64K, 65535, 65567, 1",
    "FRAMES_64K, 65536, 65568, 1",
    "FRAMES_64K, 65537, 65585, 2",
    "FRAMES_64K, 131072, 131120, 2",
    "FRAMES_64K, 1048575, 1048847, 16",
    "FRAMES_64K, 1048576, 1048848, 16",
    "FRAMES_16K, 1, 33, 1",
    "FRAMES_16K, 16383, 16415, 1",
    "FRAMES_16K, 16384, 16416, 1",
    "FRAMES_16K, 16385, 16433, 2",
    "FRAMES_16K, 65536, 65616, 4",
    "FRAMES_16K, 1048575, 1049615, 64",
    "FRAMES_16K, 1048576, 1049616, 64"
  })
  void lengths(BlobFormat format, int block, int blob, int frames) {
    assertThat(format.blobLengthOf(block)).isEqualTo(blob);
    assertThat(format.frameCount(block)).isEqualTo(frames);
  }

  @Test
  void noFrameAndNoBlobIsLonger() {
    for (BlobFormat format : BlobFormat.values()) {
      assertThat(format.frameBytes()).isLessThanOrEqualTo(BlobFormat.FRAME_MAX_BYTES);
      assertThat(format.blobLengthOf(Limits.BLOCK_SIZE_BYTES))
          .isLessThanOrEqualTo(BlobFormat.BLOB_MAX_BYTES);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1_048_577, Integer.MAX_VALUE})
  void noBlockIsEmptyOrLonger(int length) {
    assertThatThrownBy(() -> BlobFormat.LATEST.blobLengthOf(length))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Property
  void framesFillTheBlob(
      @ForAll BlobFormat format,
      @ForAll @IntRange(min = 1, max = Limits.BLOCK_SIZE_BYTES) int block) {
    int frames = format.frameCount(block);
    int plain = 0;
    for (int frame = 0; frame < frames; frame++) {
      assertThat(format.frameOffset(frame)).isEqualTo(BlobFormat.HEADER_BYTES + plain + 16 * frame);
      plain += format.frameLength(block, frame);
    }
    assertThat(plain).isEqualTo(block);
    assertThat(format.sealedRunLength(block, 0, frames))
        .isEqualTo(format.blobLengthOf(block) - BlobFormat.HEADER_BYTES);
  }

  @Test
  void noFrameAfterTheLast() {
    for (BlobFormat format : BlobFormat.values()) {
      assertThatThrownBy(() -> format.frameLength(format.frameBytes(), 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> format.frameLength(format.frameBytes(), -1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
