package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.Touch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When access times move: as with relatime, for everything that can be read. */
final class AccessTimesTest {
  private VfsFixture fixture;
  private LocalVfs vfs;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
    vfs = fixture.vfs();
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void oneThatIsOlderThanAChangeMovesOnceAndOneOfADayAgain() {
    Opened file = vfs.create(Caller.ROOT, InodeNumber.ROOT, name("file"), 0644);
    vfs.write(file.handle(), 0, false, ByteBuffer.wrap(new byte[] {1}));
    List<InodeNumber> inodes = new ArrayList<>(List.of(file.inode().number()));
    inodes.add(make("directory", FileMode.DIRECTORY));
    inodes.add(make("fifo", FileMode.FIFO));
    inodes.add(vfs.makeSymlink(Caller.ROOT, InodeNumber.ROOT, name("symlink"), name("target"))
        .number());
    for (InodeNumber inode : inodes) {
      Inode before = vfs.attributes(inode);
      Timestamp first = readAfter(Duration.ofSeconds(1), inode);
      assertThat(first).isGreaterThan(before.changed());
      assertThat(readAfter(Duration.ofHours(23), inode)).isEqualTo(first);
      assertThat(readAfter(Duration.ofHours(1), inode)).isGreaterThan(first);
      Inode after = vfs.attributes(inode);
      assertThat(after.modified()).isEqualTo(before.modified());
      assertThat(after.changed()).isEqualTo(before.changed());
    }
  }

  @Test
  void readingManyChangesNothingUntilItIsTold() {
    List<InodeNumber> inodes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      inodes.add(make("file-" + i, FileMode.REGULAR));
    }
    vfs.sync();
    fixture.clock().advance(Duration.ofSeconds(1));
    Timestamp before = vfs.now();
    inodes.forEach(vfs::accessed);
    assertThat(vfs.pendingOperations()).isZero();
    List<Timestamp> accessed = inodes.stream().map(this::accessed).toList();
    assertThat(accessed).allSatisfy(time -> assertThat(time).isGreaterThan(before));
    vfs.sync();
    assertThat(inodes.stream().map(this::accessed)).containsExactlyElementsOf(accessed);
  }

  @Test
  void theyOutliveTheNodeThatEndsProperly() throws Exception {
    InodeNumber file = make("file", FileMode.REGULAR);
    InodeNumber gone = make("gone", FileMode.REGULAR);
    Timestamp read = readAfter(Duration.ofSeconds(1), file);
    readAfter(Duration.ofSeconds(1), gone);
    vfs.unlink(InodeNumber.ROOT, name("gone"));
    fixture.restart();
    vfs = fixture.vfs();
    assertThat(accessed(file)).isEqualTo(read);
  }

  @Test
  void oneThatIsSetIsNotOverwrittenByAReadBefore() {
    InodeNumber file = make("file", FileMode.REGULAR);
    readAfter(Duration.ofSeconds(1), file);
    Timestamp set = new Timestamp(1_000_000_000, 5);
    Inode changed =
        vfs.setAttributes(file, new AttributeChange(null, null, null, null, set, null, vfs.now()));
    assertThat(changed.accessed()).isEqualTo(set);
    assertThat(accessed(file)).isEqualTo(set);
    vfs.sync();
    assertThat(accessed(file)).isEqualTo(set);
  }

  @Test
  void oneThatIsSetWhileAReadIsToldStays() {
    InodeNumber file = make("file", FileMode.REGULAR);
    Timestamp before = accessed(file);
    readAfter(Duration.ofSeconds(1), file);
    Timestamp set = new Timestamp(1_000_000_000, 5);
    vfs.setAttributes(file, new AttributeChange(null, null, null, null, set, null, vfs.now()));
    fixture.session().touchAccessed(List.of(new Touch(file, before, vfs.now())));
    assertThat(accessed(file)).isEqualTo(set);
  }

  @Test
  void otherChangesKeepThem() {
    InodeNumber file = make("file", FileMode.REGULAR);
    Timestamp read = readAfter(Duration.ofSeconds(1), file);
    Inode changed =
        vfs.setAttributes(file, new AttributeChange(0600, null, null, null, null, null, vfs.now()));
    assertThat(changed.accessed()).isEqualTo(read);
    vfs.sync();
    assertThat(accessed(file)).isEqualTo(read);
  }

  @Test
  void whatIsGoneIsNobodysFailure() {
    InodeNumber gone = make("gone", FileMode.REGULAR);
    vfs.unlink(InodeNumber.ROOT, name("gone"));
    assertThatCode(() -> vfs.accessed(gone)).doesNotThrowAnyException();
  }

  /** The access time of an inode that is read so much later. */
  private Timestamp readAfter(Duration time, InodeNumber inode) {
    fixture.clock().advance(time);
    vfs.accessed(inode);
    return accessed(inode);
  }

  private Timestamp accessed(InodeNumber inode) {
    return vfs.attributes(inode).accessed();
  }

  private InodeNumber make(String name, int type) {
    return vfs.makeNode(Caller.ROOT, InodeNumber.ROOT, name(name), type | 0755, 0)
        .number();
  }

  private static Bytes name(String text) {
    return new Bytes(text.getBytes(StandardCharsets.US_ASCII));
  }
}
