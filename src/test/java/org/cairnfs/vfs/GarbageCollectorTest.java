package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class GarbageCollectorTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private static final int MANY = 4_000;

  /** What the pauses between the steps for so many take, at least. */
  private static final Duration AT_LEAST = Duration.ofMillis(500);

  private VfsFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  /** Each step keeps several threads busy while programs are at work: so they come with pauses. */
  @Test
  void muchGarbageIsDroppedBitByBit() {
    VfsFiles files = new VfsFiles(fixture.vfs());
    for (int i = 0; i < MANY; i++) {
      files.create("f" + i);
      files.write("f" + i, 0, Integer.toString(i).getBytes(StandardCharsets.UTF_8));
    }
    fixture.vfs().sync();
    assertThat(fixture.storedBlobs()).isEqualTo(MANY);
    List<Long> droppedNanos = new CopyOnWriteArrayList<>();
    fixture.onDropped(ids -> ids.forEach(id -> droppedNanos.add(System.nanoTime())));
    for (int i = 0; i < MANY; i++) {
      files.delete("f" + i);
    }
    fixture.vfs().sync();

    await().atMost(LONG).until(() -> droppedNanos.size() == MANY);
    Duration spread = Duration.ofNanos(droppedNanos.get(MANY - 1) - droppedNanos.get(0));
    assertThat(spread).isGreaterThan(AT_LEAST);
    await().atMost(LONG).until(() -> fixture.storedBlobs() == 0);
  }
}
