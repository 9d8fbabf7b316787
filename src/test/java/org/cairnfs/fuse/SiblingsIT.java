package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One vfs mounted twice: what is done through one mount is seen through the other. */
final class SiblingsIT {
  private static final int ROUNDS = 100;
  private static final int LIMIT_SECONDS = 60;

  private MountFixture first;
  private MountFixture second;

  @BeforeEach
  void mount() throws IOException {
    MemoryVfs vfs = MountFixture.memory();
    first = MountFixture.mount(vfs, Duration.ZERO);
    second = MountFixture.mount(vfs, Duration.ZERO);
  }

  @AfterEach
  void unmount() throws IOException {
    first.close();
    second.close();
  }

  private MountFixture mount(int number) {
    return number % 2 == 0 ? first : second;
  }

  private static ByteBuffer text(int number) {
    return ByteBuffer.wrap("%08d".formatted(number).getBytes(StandardCharsets.US_ASCII));
  }

  private static FileChannel open(MountFixture mount) throws IOException {
    return FileChannel.open(
        mount.path("f"),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  private static ByteBuffer read(FileChannel channel) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(8);
    assertThat(channel.read(into, 0)).isEqualTo(8);
    return into.flip();
  }

  @Test
  void aFileThatIsOpenedAgainHasWhatTheOtherMountWrote() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      try (FileChannel writer = open(mount(i))) {
        assertThat(writer.write(text(i), 0)).isEqualTo(8);
      }
      try (FileChannel reader = open(mount(i + 1))) {
        assertThat(read(reader)).isEqualTo(text(i));
      }
    }
  }

  @Test
  void anOpenOrMappedFileHasWhatTheOtherMountWrote() throws Exception {
    try (FileChannel one = open(first);
        FileChannel other = open(second)) {
      assertThat(one.write(text(0), 0)).isEqualTo(8);
      ByteBuffer mapped = other.map(FileChannel.MapMode.READ_ONLY, 0, 8);
      for (int i = 1; i <= ROUNDS; i++) {
        assertThat(one.write(text(i), 0)).isEqualTo(8);
        ByteBuffer written = text(i);
        // at once, unless the machine is so busy that the writer is not kept waiting any longer
        await()
            .pollDelay(Duration.ZERO)
            .until(() -> read(other).equals(written) && mapped.rewind().equals(written));
        assertThat(other.write(text(-i), 0)).isEqualTo(8);
        ByteBuffer answer = text(-i);
        await().pollDelay(Duration.ZERO).until(() -> read(one).equals(answer));
      }
    }
  }

  @Test
  void whatIsTruncatedOrPunchedIsZeroesInTheOtherMount() throws Exception {
    first.bash("printf abcdefgh > f");
    try (FileChannel reader = open(second)) {
      assertThat(read(reader))
          .isEqualTo(ByteBuffer.wrap("abcdefgh".getBytes(StandardCharsets.US_ASCII)));
      first.bash("truncate -s 4 f; truncate -s 8 f");
      assertThat(read(reader))
          .isEqualTo(ByteBuffer.wrap("abcd\0\0\0\0".getBytes(StandardCharsets.US_ASCII)));
      first.bash("fallocate -p -o 1 -l 2 f");
      assertThat(read(reader))
          .isEqualTo(ByteBuffer.wrap("a\0\0d\0\0\0\0".getBytes(StandardCharsets.US_ASCII)));
      first.bash("printf 12345678 > f");
      assertThat(read(reader))
          .isEqualTo(ByteBuffer.wrap("12345678".getBytes(StandardCharsets.US_ASCII)));
    }
  }

  /** The kernel holds a page while it writes it, and does not forget it meanwhile. */
  @Test
  void nobodyHangsWhoUsesOnePageThroughBothMounts() throws Exception {
    Files.write(first.path("f"), new byte[8]);
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int job = 0; job < 20; job++) {
        MountFixture mount = mount(job);
        boolean writes = job % 4 < 2;
        running.add(threads.submit(() -> {
          try (FileChannel channel = open(mount)) {
            for (int i = 0; i < ROUNDS / 10; i++) {
              if (writes) {
                assertThat(channel.write(text(i), 0)).isEqualTo(8);
              } else {
                assertThat(read(channel).remaining()).isEqualTo(8);
              }
            }
          }
          return null;
        }));
      }
      for (Future<?> job : running) {
        job.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
