package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.Test;

class FrameKeyTest {
  private static final BlobId ID = new BlobId(1, 2, 3, 4);

  @Test
  void isEqualIfBlobAndNumberAre() {
    FrameKey key = new FrameKey(ID, 5);
    assertThat(new FrameKey(new BlobId(1, 2, 3, 4), 5)).isEqualTo(key).hasSameHashCodeAs(key);
    assertThat(key)
        .isNotEqualTo(new FrameKey(ID, 6))
        .isNotEqualTo(new FrameKey(new BlobId(1, 2, 3, 5), 5))
        .isNotEqualTo(null)
        .isNotEqualTo(ID);
  }
}
