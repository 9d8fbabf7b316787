package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log that waits for room on the disk. */
final class StalledLogTest {
  private static final byte[] BEFORE = {1, 2, 3};
  private static final byte[] AFTER = {4, 5, 6, 7};

  private VfsFixture fixture;
  private VfsFiles files;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
    files = new VfsFiles(fixture.vfs());
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  private static void failsForRoom(ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
  }

  /** A program that tries again and again would fill the disk with what no file will have. */
  @Test
  void bytesAreRefusedAsNamesAreUntilThereIsRoom() {
    files.create("file");
    files.write("file", 0, BEFORE);
    files.sync("file");
    fixture.log().stall(new PosixException(Errno.ENOSPC, "full"));

    failsForRoom(() -> files.create("other"));
    failsForRoom(() -> files.write("file", 0, AFTER));
    assertThat(files.read("file")).isEqualTo(BEFORE);

    fixture.log().stall(null);
    files.write("file", 0, AFTER);
    files.sync("file");
    assertThat(files.read("file")).isEqualTo(AFTER);
  }
}
