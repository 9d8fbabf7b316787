package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.cairnfs.core.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BlobFormatTest {
  @ParameterizedTest
  @CsvSource({
    "1, 33, 1",
    "65535, 65567, 1",
    "65536, 65568, 1",
    "65537, 65585, 2",
    "131072, 131120, 2",
    "1048575, 1048847, 16",
    "1048576, 1048848, 16"
  })
  void lengths(int block, int blob, int frames) {
    assertThat(BlobFormat.blobLengthOf(block)).isEqualTo(blob);
    assertThat(BlobFormat.frameCount(block)).isEqualTo(frames);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1_048_577, Integer.MAX_VALUE})
  void noBlockIsEmptyOrLonger(int length) {
    assertThatThrownBy(() -> BlobFormat.blobLengthOf(length))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Property
  void framesFillTheBlob(@ForAll @IntRange(min = 1, max = Limits.BLOCK_SIZE_BYTES) int block) {
    int frames = BlobFormat.frameCount(block);
    int plain = 0;
    for (int frame = 0; frame < frames; frame++) {
      assertThat(BlobFormat.frameOffset(frame))
          .isEqualTo(BlobFormat.HEADER_BYTES + plain + 16 * frame);
      plain += BlobFormat.frameLength(block, frame);
    }
    assertThat(plain).isEqualTo(block);
    assertThat(BlobFormat.sealedRunLength(block, 0, frames))
        .isEqualTo(BlobFormat.blobLengthOf(block) - BlobFormat.HEADER_BYTES);
  }

  @Test
  void noFrameAfterTheLast() {
    assertThatThrownBy(() -> BlobFormat.frameLength(Limits.FRAME_SIZE_BYTES, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> BlobFormat.frameLength(Limits.FRAME_SIZE_BYTES, -1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
