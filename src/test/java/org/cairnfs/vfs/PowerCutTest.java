package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.CrashHistory;
import org.cairnfs.core.PosixException;
import org.cairnfs.store.SimulatedDisk;

/**
 * The power fails in the middle of some change to the disk, which keeps what was synced and any
 * mixture of the sectors that were not. The filesystem opened on that holds what was synced and a
 * prefix of the rest; and so it does after the next power cut.
 */
final class PowerCutTest {
  private static final int STEPS_MAX = 400;
  private static final int DISK_STEPS_MAX = 500;

  @Property(tries = 40)
  void leavesAPrefixWithEverythingSynced(@ForAll long seed, @ForAll boolean journaling)
      throws Exception {
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk();
    try (VfsFixture fixture = new VfsFixture(disk, journaling)) {
      new VfsFiles(fixture.vfs()).makeDirectory();
      fixture.vfs().sync();
      CrashHistory history = new CrashHistory(random.nextLong());
      disk.powerOffAfter(random.nextInt(DISK_STEPS_MAX));
      try {
        history.take(1 + random.nextInt(STEPS_MAX), new VfsFiles(fixture.vfs()));
      } catch (PosixException e) {
        assertThat(disk.isOff())
            .as("the power is off, so that this may fail: %s", e)
            .isTrue();
      }
      fixture.powerCut(random);

      int unused = history.verify(new VfsFiles(fixture.vfs()).readAll(), false);
      fixture.vfs().sync();
      fixture.powerCut(random);
      unused = history.verify(new VfsFiles(fixture.vfs()).readAll(), false);
      fixture.vfs().sync();
      fixture.assertBlobsMatchMetadata();
    }
  }
}
