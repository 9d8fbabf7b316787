package org.cairnfs.vfs;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.cairnfs.store.SimulatedDisk;
import org.junit.jupiter.api.Test;

/** Which cuts go into the journal. */
final class JournaledCutsTest {
  private static final byte[] BYTES = {1, 2, 3};

  /** A cut by the clock that syncs segments, and then the log, keeps the next fsync waiting. */
  @Test
  void aCutByTheClockDoesWhileProgramsSync() throws Exception {
    try (VfsFixture fixture = new VfsFixture(new SimulatedDisk(), true)) {
      VfsFiles files = new VfsFiles(fixture.vfs());
      files.create("file");
      fixture.timer().pause();
      files.write("file", 0, BYTES);
      files.sync("file");
      long synced = fixture.journal().last();
      files.write("file", 3, BYTES);

      fixture.timer().resume();

      await().atMost(Duration.ofSeconds(20)).until(() -> fixture.journal().last() > synced);
    }
  }
}
