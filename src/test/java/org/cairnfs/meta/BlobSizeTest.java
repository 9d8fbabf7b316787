package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlobSizeTest {
  @Property
  void isReadAsItWasWritten(
      @ForAll BlobFormat format,
      @ForAll @IntRange(min = 1, max = Limits.BLOCK_SIZE_BYTES) int plainLength) {
    BlobSize size = new BlobSize(plainLength, format);
    assertThat(BlobSize.decode(size.encode())).isEqualTo(size);
  }

  /** docs/formats.md has the numbers; the first is what builds wrote that knew one format. */
  @Test
  void isTheNumberThatIsPinned() {
    assertThat(new BlobSize(1 << 20, BlobFormat.FRAMES_64K).encode()).isEqualTo(0x00100000);
    assertThat(new BlobSize(5, BlobFormat.FRAMES_16K).encode()).isEqualTo(0x01000005);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 0x00100001, 0x01000000, 0x01100001, 0x02000005, -1, Integer.MIN_VALUE})
  void thereIsNoOther(int number) {
    assertThatThrownBy(() -> BlobSize.decode(number)).isInstanceOf(IllegalArgumentException.class);
  }
}
