package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The errors of what is open, and that a call which fails changes nothing. */
final class VfsErrnoTest {
  private static final long MAX = Limits.FILE_SIZE_MAX_BYTES;
  private static final long NOT_OPEN = 4711;
  private static final byte[] CONTENT =
      "written, and in no cut yet".getBytes(StandardCharsets.US_ASCII);

  private VfsFixture fixture;
  private LocalVfs vfs;
  private InodeNumber file;
  private InodeNumber directory;
  private InodeNumber fifo;
  private long handle;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
    vfs = fixture.vfs();
    fixture.timer().pause();
    Opened opened = vfs.create(Caller.ROOT, InodeNumber.ROOT, name("file"), 0644);
    file = opened.inode().number();
    handle = opened.handle();
    vfs.write(handle, 0, false, ByteBuffer.wrap(CONTENT));
    directory = make("directory", FileMode.DIRECTORY);
    fifo = make("fifo", FileMode.FIFO);
  }

  @AfterEach
  void close() throws Exception {
    fixture.timer().resume();
    fixture.close();
  }

  private record Row(String what, Errno errno, Runnable call) {}

  @TestFactory
  Stream<DynamicTest> table() {
    return rows().stream().map(row -> DynamicTest.dynamicTest(row.what, () -> check(row)));
  }

  private void check(Row row) {
    Inode before = vfs.attributes(file);
    assertThatThrownBy(row.call::run)
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(row.errno));
    assertThat(vfs.attributes(file)).isEqualTo(before);
    ByteBuffer into = ByteBuffer.allocate(CONTENT.length + 1);
    vfs.read(handle, 0, into);
    assertThat(into.flip()).isEqualTo(ByteBuffer.wrap(CONTENT));
  }

  private List<Row> rows() {
    long readOnly = vfs.open(file, true, false, false).handle();
    long writeOnly = vfs.open(file, false, true, false).handle();
    return List.of(
        new Row("open: gone", Errno.ENOENT, () -> vfs.open(gone(), true, false, false)),
        new Row("open: directory", Errno.EISDIR, () -> vfs.open(directory, true, false, false)),
        new Row("open: fifo", Errno.EINVAL, () -> vfs.open(fifo, true, false, false)),
        new Row("open, truncating: fifo", Errno.EINVAL, () -> vfs.open(fifo, true, true, true)),
        new Row("opendir: gone", Errno.ENOENT, () -> vfs.openDirectory(gone())),
        new Row("opendir: file", Errno.ENOTDIR, () -> vfs.openDirectory(file)),
        new Row("create: exists", Errno.EEXIST, () -> create("file")),
        new Row("create: long", Errno.ENAMETOOLONG, () -> create("n".repeat(256))),
        new Row("readlink: file", Errno.EINVAL, () -> vfs.readSymlink(file)),
        new Row("read: for writing", Errno.EBADF, () -> read(writeOnly)),
        new Row("read: not open", Errno.EBADF, () -> read(NOT_OPEN)),
        new Row("write: for reading", Errno.EBADF, () -> write(readOnly, 0)),
        new Row("write: not open", Errno.EBADF, () -> write(NOT_OPEN, 0)),
        new Row("write: too far", Errno.EFBIG, () -> write(handle, MAX)),
        new Row("write: ends too far", Errno.EFBIG, () -> write(handle, MAX - 1)),
        new Row("truncate: too large", Errno.EFBIG, () -> truncate(file, MAX + 1)),
        new Row("truncate: far too large", Errno.EFBIG, () -> truncate(file, Long.MAX_VALUE)),
        new Row("truncate: negative", Errno.EINVAL, () -> truncate(file, -1)),
        new Row("truncate: directory", Errno.EISDIR, () -> truncate(directory, 0)),
        new Row("truncate: fifo", Errno.EINVAL, () -> truncate(fifo, 0)),
        new Row("truncate: gone", Errno.ENOENT, () -> truncate(gone(), 0)),
        new Row("allocate: for reading", Errno.EBADF, () -> allocate(readOnly, 0, 1)),
        new Row("allocate: nothing", Errno.EINVAL, () -> allocate(handle, 0, 0)),
        new Row("allocate: negative", Errno.EINVAL, () -> allocate(handle, -1, 1)),
        new Row("allocate: too far", Errno.EFBIG, () -> allocate(handle, MAX, 1)),
        new Row("allocate: no room", Errno.ENOSPC, () -> allocate(handle, 0, 1L << 40)),
        new Row("punch: for reading", Errno.EBADF, () -> vfs.punchHole(readOnly, 0, 1)),
        new Row("punch: nothing", Errno.EINVAL, () -> vfs.punchHole(handle, 0, 0)),
        new Row("punch: negative", Errno.EINVAL, () -> vfs.punchHole(handle, -1, 1)),
        new Row("fsync: not open", Errno.EBADF, () -> vfs.fsync(NOT_OPEN)),
        new Row("flush: not open", Errno.EBADF, () -> vfs.flush(NOT_OPEN, 0)),
        new Row("release: not open", Errno.EBADF, () -> vfs.release(NOT_OPEN, 0, false)),
        new Row("readdir: not open", Errno.EBADF, () -> vfs.readDirectory(NOT_OPEN, 0, 1, false)),
        new Row("fsyncdir: not open", Errno.EBADF, () -> vfs.syncDirectory(NOT_OPEN)),
        new Row("releasedir: not open", Errno.EBADF, () -> vfs.releaseDirectory(NOT_OPEN)));
  }

  @Test
  void aFileCanBeAsLargeAsTheLargest() {
    truncate(file, MAX);
    assertThat(vfs.attributes(file).sizeBytes()).isEqualTo(MAX);
    vfs.write(handle, MAX - 1, false, ByteBuffer.wrap(new byte[] {7}));
    truncate(file, MAX);
    vfs.fsync(handle);
    ByteBuffer end = ByteBuffer.allocate(10);
    vfs.read(handle, MAX - 2, end);
    assertThat(end.flip()).isEqualTo(ByteBuffer.wrap(new byte[] {0, 7}));
  }

  private InodeNumber make(String name, int type) {
    return vfs.makeNode(Caller.ROOT, InodeNumber.ROOT, name(name), type | 0755, 0)
        .number();
  }

  private InodeNumber gone() {
    InodeNumber inode = make("gone", FileMode.REGULAR);
    vfs.unlink(InodeNumber.ROOT, name("gone"));
    return inode;
  }

  private void create(String name) {
    vfs.create(Caller.ROOT, InodeNumber.ROOT, name(name), 0644);
  }

  private void read(long from) {
    vfs.read(from, 0, ByteBuffer.allocate(1));
  }

  private void write(long to, long offset) {
    vfs.write(to, offset, false, ByteBuffer.wrap(new byte[2]));
  }

  private void allocate(long in, long offset, long length) {
    vfs.allocate(in, offset, length, false);
  }

  private void truncate(InodeNumber inode, long sizeBytes) {
    Inode unused = vfs.setAttributes(
        inode, new AttributeChange(null, null, null, sizeBytes, null, null, vfs.now()));
  }

  private static Bytes name(String text) {
    return new Bytes(text.getBytes(StandardCharsets.US_ASCII));
  }
}
