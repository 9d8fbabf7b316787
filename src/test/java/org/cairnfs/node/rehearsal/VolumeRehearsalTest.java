package org.cairnfs.node.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.LocalVfs;
import org.cairnfs.vfs.Opened;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumeRehearsalTest {
  private @TempDir Path home;
  private VolumeKeys keys;
  private Path directory;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final ThreadFactory factory = task -> {
    Thread thread = new Thread(task);
    threads.add(thread);
    return thread;
  };

  @BeforeEach
  void makeKeys() {
    try (MasterKey master = MasterKey.generate(new SecureRandom())) {
      keys = VolumeKeys.derive(master);
    }
    directory = home.resolve("rehearsal");
  }

  @AfterEach
  void forgetKeys() {
    keys.close();
  }

  private VolumeRehearsal rehearsal() {
    return new VolumeRehearsal(directory, new BlockSealer(keys), new NameSealer(keys), factory);
  }

  private void awaitEnd() {
    await().until(() -> threads.stream().noneMatch(Thread::isAlive));
  }

  @Test
  void leavesNothing() {
    try (VolumeRehearsal rehearsal = rehearsal()) {
      rehearsal.begin();
      awaitEnd();
      assertThat(rehearsal.rounds()).isPositive();
      assertThat(home).isEmptyDirectory();
    }
  }

  @Test
  void happensOnce() {
    try (VolumeRehearsal rehearsal = rehearsal()) {
      rehearsal.begin();
      awaitEnd();
      int begun = threads.size();
      rehearsal.begin();
      assertThat(threads).hasSize(begun);
    }
  }

  @Test
  void isOverWhenItIsClosed() {
    VolumeRehearsal rehearsal = rehearsal();
    rehearsal.begin();
    rehearsal.close();
    assertThat(home).isEmptyDirectory();
    rehearsal.begin();
    awaitEnd();
    assertThat(home).isEmptyDirectory();
  }

  @Test
  void removesWhatAnEarlierOneLeft() throws Exception {
    Files.createDirectories(directory.resolve("segments"));
    Files.write(directory.resolve("segments/left"), new byte[] {1});
    leavesNothing();
  }

  /** What stands in its way may be of use to somebody; programs then find the node slower. */
  @Test
  void isLeftOutWhereItCannotBe() throws Exception {
    directory = Files.createFile(home.resolve("file")).resolve("rehearsal");
    try (VolumeRehearsal rehearsal = rehearsal()) {
      rehearsal.begin();
      awaitEnd();
      assertThat(rehearsal.rounds()).isZero();
      assertThat(home.resolve("file")).isRegularFile();
    }
  }

  @Test
  void aScratchVolumeKeepsWhatIsSynced() throws Exception {
    Bytes name = new Bytes(new byte[] {'a'});
    byte[] bytes = new byte[100_000];
    bytes[77_777] = 7;
    ByteBuffer read = ByteBuffer.allocate(bytes.length);
    try (ScratchVolume volume =
        new ScratchVolume(directory, new BlockSealer(keys), new NameSealer(keys), factory)) {
      LocalVfs vfs = volume.vfs();
      Opened file = vfs.create(Caller.ROOT, InodeNumber.ROOT, name, FileMode.REGULAR | 0600);
      vfs.write(file.handle(), 0, false, ByteBuffer.wrap(bytes));
      vfs.fsync(file.handle());
      vfs.release(file.handle(), 1, false);
      Opened again = vfs.open(vfs.lookup(InodeNumber.ROOT, name).number(), true, false, false);
      vfs.read(again.handle(), 0, read);
      vfs.release(again.handle(), 1, false);
    }
    assertThat(read.array()).isEqualTo(bytes);
    assertThat(home).isEmptyDirectory();
  }
}
