package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
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
    assertThat(BlobFormat.blockLengthOf(blob)).isEqualTo(block);
    assertThat(BlobFormat.frameCount(block)).isEqualTo(frames);
  }

  @Property
  void blobLengthCanBeInverted(
      @ForAll @IntRange(min = 1, max = Limits.BLOCK_SIZE_BYTES) int block) {
    assertThat(BlobFormat.blockLengthOf(BlobFormat.blobLengthOf(block))).isEqualTo(block);
  }

  /** Against counting all lengths there are. */
  @Test
  void refusesExactlyTheLengthsThatNoBlobHas() {
    int block = 1;
    for (int length = 0; length <= BlobFormat.BLOB_MAX_BYTES; length++) {
      if (length == BlobFormat.blobLengthOf(block)) {
        block = Math.min(block + 1, Limits.BLOCK_SIZE_BYTES);
      } else {
        int refused = length;
        assertThatThrownBy(() -> BlobFormat.blockLengthOf(refused))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
    assertThat(block).isEqualTo(Limits.BLOCK_SIZE_BYTES);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1_048_849, Integer.MAX_VALUE})
  void refusesLengthsOutOfRange(int length) {
    assertThatThrownBy(() -> BlobFormat.blockLengthOf(length))
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

  @Property
  void headerIsReadBack(@ForAll @IntRange(min = 1, max = Limits.BLOCK_SIZE_BYTES) int block)
      throws IntegrityException {
    byte[] header = new byte[BlobFormat.HEADER_BYTES + 1];
    BlobFormat.writeHeader(block, header, 1);
    ByteBuffer in = ByteBuffer.wrap(header).position(1);

    assertThat(BlobFormat.readHeader(in)).isEqualTo(block);
    assertThat(in.hasRemaining()).isFalse();
  }

  /** Every bit but those of the length itself, which the frames' tags cover. */
  @Test
  void refusesAHeaderWithAnyOtherBitFlipped() {
    for (int bit = 0; bit < BlobFormat.HEADER_BYTES * 8; bit++) {
      byte[] header = new byte[BlobFormat.HEADER_BYTES];
      BlobFormat.writeHeader(4096, header, 0);
      header[bit / 8] ^= (byte) (1 << bit % 8);
      boolean inLength = bit >= 64 && bit < 96;
      if (!inLength) {
        assertThatThrownBy(() -> BlobFormat.readHeader(ByteBuffer.wrap(header)))
            .isInstanceOf(IntegrityException.class);
      }
    }
  }

  @Test
  void refusesAHeaderCutShort() {
    assertThatThrownBy(() -> BlobFormat.readHeader(ByteBuffer.allocate(15)))
        .isInstanceOf(IntegrityException.class);
  }
}
