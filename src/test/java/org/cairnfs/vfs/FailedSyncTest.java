package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.store.SimulatedDisk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk that fails to sync, which says nothing of what it has: once, for a while, or too late. */
final class FailedSyncTest {
  private final Random random = new Random(5);
  private VfsFixture fixture;
  private SimulatedDisk disk;

  @BeforeEach
  void open() throws Exception {
    disk = new SimulatedDisk();
    fixture = new VfsFixture(disk, false);
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  private byte[] create(String name, int length) {
    byte[] content = new byte[length];
    random.nextBytes(content);
    files().create(name);
    files().write(name, 0, content);
    return content;
  }

  private VfsFiles files() {
    return new VfsFiles(fixture.vfs());
  }

  private static void failsWithEio(ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
  }

  @Test
  void whatIsInMemoryIsWrittenAgainAndNobodyNotices() throws Exception {
    byte[] before = create("before", 100_000);
    fixture.vfs().sync();
    fixture.timer().pause();
    byte[] small = create("small", 5000);
    byte[] large = create("large", 700_000);
    disk.failForces(1);
    files().sync("small");
    fixture.timer().resume();

    fixture.powerCut(random);
    assertThat(files().read("before")).isEqualTo(before);
    assertThat(files().read("small")).isEqualTo(small);
    assertThat(files().read("large")).isEqualTo(large);
  }

  @Test
  void whatCannotBeSyncedIsReportedAndWrittenWhenTheDiskIsWellAgain() throws Exception {
    byte[] first = create("first", 5000);
    disk.failForces(true);
    failsWithEio(() -> files().sync("first"));
    assertThat(files().read("first")).isEqualTo(first);

    disk.failForces(false);
    byte[] second = create("second", 300_000);
    files().sync("second");
    assertThat(files().read("first")).isEqualTo(first);
    fixture.powerCut(random);
    assertThat(files().read("first")).isEqualTo(first);
    assertThat(files().read("second")).isEqualTo(second);
  }

  @Test
  void whatLeftMemoryIsLostAndSaidToBeAndEverythingElseGoesOn() throws Exception {
    fixture.timer().pause(); // a cut by the clock would sync it before the disk fails
    byte[] large = create("large", 3 << 20);
    long handle = files().open("large");
    await().until(() -> fixture.vfs().dirtyBytes() == 0);
    byte[] other = create("other", 5000);
    disk.failForces(1);
    failsWithEio(() -> fixture.vfs().fsync(handle));
    fixture.timer().resume();

    files().sync("other");
    assertThat(files().read("other")).isEqualTo(other);
    failsWithEio(() -> files().read("large"));
    fixture.vfs().fsync(handle);
    fixture.vfs().release(handle, 0, false);

    fixture.powerCut(random);
    assertThat(files().read("other")).isEqualTo(other);
    failsWithEio(() -> files().read("large"));
    files().write("large", 0, large);
    files().sync("large");
    fixture.powerCut(random);
    assertThat(files().read("large")).isEqualTo(large);
  }

  /** As programs replace a file: what is written to a new one must not come after its rename. */
  @Test
  void namesWaitForTheBytesWrittenBeforeThem() throws Exception {
    byte[] before = create("kept", 5000);
    files().sync("kept");
    fixture.timer().pause();
    disk.failForces(true);
    create("new", 6000);
    files().truncate("new", 9000); // a length that the metadata has without the bytes
    files().rename("new", "kept");
    failsWithEio(() -> fixture.vfs().sync());
    create("later", 100);

    fixture.powerCut(random);
    assertThat(files().readAll()).containsOnlyKeys("kept").containsEntry("kept", before);

    disk = fixture.failingDisk();
    disk.failForces(true);
    byte[] after = create("new", 6000);
    files().rename("new", "kept");
    failsWithEio(() -> fixture.vfs().sync());
    disk.failForces(false);
    byte[] later = create("later", 100);
    files().sync("later");
    fixture.powerCut(random);
    assertThat(files().readAll()).containsExactly(entry("kept", after), entry("later", later));
  }

  /** Perhaps it is one of them that makes room. */
  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1H", "PT1H"})
  void namesDoNotWaitForEver(String clockJumps) throws Exception {
    create("removed", 5000);
    files().sync("removed");
    fixture.timer().pause();
    disk.failForces(true);
    byte[] waiting = create("waiting", 5000);
    files().delete("removed");
    failsWithEio(() -> fixture.vfs().sync());
    fixture.clock().jump(Duration.parse(clockJumps));
    failsWithEio(() -> fixture.vfs().sync());
    assertThat(fixture.vfs().pendingOperations()).as("they wait").isPositive();
    fixture.clock().advance(WriteBack.AWAITED);
    failsWithEio(() -> fixture.vfs().sync()); // says that the bytes are not there
    assertThat(files().read("waiting")).isEqualTo(waiting);

    fixture.powerCut(random);
    assertThat(files().readAll()).containsOnlyKeys("waiting");
    assertThat(files().read("waiting")).isEmpty();
  }

  @Test
  void aRemovedFileKeepsNobodyWaiting() throws Exception {
    fixture.timer().pause();
    disk.failForces(true);
    create("removed", 5000);
    failsWithEio(() -> fixture.vfs().sync());
    files().delete("removed");
    files().create("empty");
    fixture.vfs().sync();

    fixture.powerCut(random);
    assertThat(files().readAll()).containsOnlyKeys("empty");
  }
}
