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
import org.cairnfs.meta.Inode;
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
  void whatIsGoneIsNobodysFailure() {
    InodeNumber gone = make("gone", FileMode.REGULAR);
    vfs.unlink(InodeNumber.ROOT, name("gone"));
    assertThatCode(() -> vfs.accessed(gone)).doesNotThrowAnyException();
  }

  /** The access time of an inode that is read so much later. */
  private Timestamp readAfter(Duration time, InodeNumber inode) {
    fixture.clock().advance(time);
    vfs.accessed(inode);
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
