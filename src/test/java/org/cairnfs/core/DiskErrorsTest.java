package org.cairnfs.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskErrorsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "No space left on device",
        "/home/n/segments/1.seg: No space left on device",
        "Disk quota exceeded"
      })
  void noRoomIsNoRoomWhoeverSetTheLimit(String message) {
    assertThat(DiskErrors.isFull(message)).isTrue();
  }

  @Test
  void otherFailuresAreNot() {
    assertThat(DiskErrors.isFull("Input/output error")).isFalse();
    assertThat(DiskErrors.isFull("Read-only file system")).isFalse();
    assertThat(DiskErrors.isFull(null)).isFalse();
  }
}
