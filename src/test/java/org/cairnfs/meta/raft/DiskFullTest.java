package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskFullTest {
  /** The log waits for room then, and is not given up until the next start. */
  @ParameterizedTest
  @ValueSource(strings = {"No space left on device", "Disk quota exceeded"})
  void aDiskWithoutRoomIsFoundAmongTheCauses(String message) {
    assertThat(DiskFull.is(
            new CompletionException(new IOException("append", new IOException(message)))))
        .isTrue();
    assertThat(DiskFull.is(new CompletionException(new IOException("Input/output error"))))
        .isFalse();
  }
}
