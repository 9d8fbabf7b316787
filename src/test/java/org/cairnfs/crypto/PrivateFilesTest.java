package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PrivateFilesTest {
  @Test
  void aFileIsReplacedWholeOrNotAtAll(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("file");
    PrivateFiles.replace(file, "one");
    PrivateFiles.replace(file, "two");
    assertThat(file).hasContent("two");
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PrivateFiles.MODE);
    assertThatThrownBy(() -> PrivateFiles.replace(directory.resolve("absent/file"), "x"))
        .isInstanceOf(IOException.class);
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }
}
