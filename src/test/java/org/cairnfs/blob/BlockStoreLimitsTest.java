package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BlockStoreLimitsTest {
  @Test
  void aSmallHeapIsNotFilledByTheCache() {
    assertThat(BlockStoreLimits.forHeap(512L << 20))
        .isEqualTo(new BlockStoreLimits(96 << 20, 4096, 64, 32));
    assertThat(BlockStoreLimits.forHeap(160 << 20))
        .isEqualTo(new BlockStoreLimits(30 << 20, 4096, 20, 10));
    assertThat(BlockStoreLimits.forHeap(1)).isEqualTo(new BlockStoreLimits(12 << 20, 4096, 8, 4));
  }
}
