package org.cairnfs.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ResidentCodeTest {
  @Test
  void touchesTheJvmItself() throws Exception {
    Path jvm = Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");
    assertThat(ResidentCode.touch()).isGreaterThan(Files.size(jvm) / 2);
  }
}
