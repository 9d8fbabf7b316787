package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies that refer to the blobs of what they were copied from. */
final class RangeCopyTest {
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;
  private static final long ALL = Long.MAX_VALUE;

  private final Random random = new Random(1);
  private VfsFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void aCopyIsEqualAndStoresNothing() throws Exception {
    byte[] content = random(2 * BLOCK + 12_345);
    long from = write("from", content);
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(content.length);
    assertThat(contents("to")).as("before it is committed").isEqualTo(content);
    fixture.vfs().sync();
    assertThat(fixture.storedBlobs()).isEqualTo(3);
    fixture.restart();
    assertThat(contents("to")).isEqualTo(content);
    assertThat(contents("from")).isEqualTo(content);
    fixture.assertBlobsMatchMetadata();
  }

  @Test
  void eachIsChangedAndRemovedByItself() throws Exception {
    byte[] content = random(2 * BLOCK);
    long from = write("from", content);
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(content.length);
    byte[] piece = random(5000);
    fixture.vfs().write(from, 1000, false, ByteBuffer.wrap(piece));
    fixture.vfs().write(to, BLOCK + 1000, false, ByteBuffer.wrap(piece));
    assertThat(contents("from")).isEqualTo(changed(content, 1000, piece));
    assertThat(contents("to")).isEqualTo(changed(content, BLOCK + 1000, piece));
    fixture.vfs().release(from, 0, false);
    fixture.vfs().unlink(InodeNumber.ROOT, name("from"));
    fixture.vfs().sync();
    fixture.assertBlobsMatchMetadata();
    fixture.restart();
    assertThat(contents("to")).isEqualTo(changed(content, BLOCK + 1000, piece));
  }

  /**
   * Before anything refers to the blobs a second time, the collector has no reason to keep them.
   */
  @Test
  void theCopyOfAFileThatIsRemovedAtOnceStays() throws Exception {
    fixture.timer().pause();
    byte[] content = random(BLOCK + 1);
    long from = write("from", content);
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(content.length);
    fixture.vfs().release(from, 0, false);
    fixture.vfs().unlink(InodeNumber.ROOT, name("from"));
    fixture.timer().resume();
    fixture.vfs().sync();
    fixture.assertBlobsMatchMetadata();
    assertThat(contents("to")).isEqualTo(content);
  }

  @Test
  void aCopyThatIsRemovedBeforeItIsCommittedLeavesTheSource() throws Exception {
    byte[] content = random(BLOCK + 1);
    long from = write("from", content);
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(content.length);
    fixture.vfs().unlink(InodeNumber.ROOT, name("to"));
    fixture.vfs().release(to, 0, false);
    fixture.vfs().sync();
    fixture.assertBlobsMatchMetadata();
    fixture.restart();
    assertThat(contents("from")).isEqualTo(content);
  }

  @Test
  void holesStayHoles() throws Exception {
    long from = create("from");
    byte[] piece = random(10_000);
    fixture.vfs().write(from, 3L * BLOCK + 777, false, ByteBuffer.wrap(piece));
    resize("from", 5L * BLOCK + 1);
    fixture.vfs().sync();
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(5L * BLOCK + 1);
    assertThat(contents("to")).isEqualTo(changed(new byte[5 * BLOCK + 1], 3 * BLOCK + 777, piece));
    fixture.vfs().sync();
    assertThat(inode("to").allocatedBytes()).isEqualTo(piece.length);
    assertThat(inode("to").sizeBytes()).isEqualTo(5L * BLOCK + 1);
  }

  @Test
  void onlyHolesMakeAFileOfTheirLength() {
    long from = create("from");
    resize("from", 100);
    long to = create("to");
    assertThat(copy(from, to)).isEqualTo(100);
    assertThat(contents("to")).isEqualTo(new byte[100]);
  }

  @Test
  void goesOnAtBlocksAndTellsTheEnd() {
    byte[] content = random(3 * BLOCK + 5);
    long from = write("from", content);
    long to = create("to");
    LocalVfs vfs = fixture.vfs();
    assertThat(vfs.copyRange(from, 0, to, 0, 2L * BLOCK + 9)).isEqualTo(2L * BLOCK);
    assertThat(vfs.copyRange(from, 2L * BLOCK, to, 2L * BLOCK, ALL)).isEqualTo(BLOCK + 5);
    assertThat(vfs.copyRange(from, content.length, to, content.length, ALL)).isZero();
    assertThat(contents("to")).isEqualTo(content);
  }

  @Test
  void aPartOfABlockIsLeftToReadingAndWriting() {
    long from = write("from", random(3 * BLOCK));
    long to = create("to");
    assertRefused(from, 0, to, 0, BLOCK - 1);
    assertRefused(from, 1, to, 0, BLOCK);
    assertRefused(from, 0, to, 1, BLOCK);
    assertThat(inode("to").sizeBytes()).isZero();
  }

  @Test
  void nothingIsCopiedOverWhatIsThere() {
    long from = write("from", random(BLOCK));
    byte[] there = random(BLOCK + 1);
    long to = write("to", there);
    assertRefused(from, 0, to, BLOCK, ALL);
    assertThat(contents("to")).isEqualTo(there);
    assertThat(fixture.vfs().copyRange(from, 0, to, 2L * BLOCK, ALL)).isEqualTo(BLOCK);
    fixture.vfs().sync();
    assertThat(fixture.storedBlobs()).as("nothing stays pinned or is stored").isEqualTo(3);
  }

  @Test
  void whatWasJustWrittenIsCommittedFirstIfItIsMuch() {
    fixture.timer().pause();
    byte[] content = random(BLOCK + 10);
    long from = create("from");
    fixture.vfs().write(from, 0, false, ByteBuffer.wrap(content));
    long small = create("small");
    fixture.vfs().write(small, 0, false, ByteBuffer.wrap(content, 0, 10));
    long to = create("to");
    assertRefused(small, 0, to, 0, ALL);
    assertThat(copy(from, to)).isEqualTo(content.length);
    assertThat(contents("to")).isEqualTo(content);
  }

  @Test
  void aFileIsCopiedBehindItself() {
    byte[] content = random(BLOCK);
    long handle = write("file", content);
    assertThat(fixture.vfs().copyRange(handle, 0, handle, BLOCK, ALL)).isEqualTo(BLOCK);
    byte[] twice = Arrays.copyOf(content, 2 * BLOCK);
    System.arraycopy(content, 0, twice, BLOCK, BLOCK);
    assertThat(contents("file")).isEqualTo(twice);
  }

  private byte[] random(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] changed(byte[] content, int at, byte[] piece) {
    byte[] changed = content.clone();
    System.arraycopy(piece, 0, changed, at, piece.length);
    return changed;
  }

  private long copy(long from, long to) {
    return fixture.vfs().copyRange(from, 0, to, 0, ALL);
  }

  private void assertRefused(long from, long fromOffset, long to, long toOffset, long length) {
    assertThatThrownBy(() -> fixture.vfs().copyRange(from, fromOffset, to, toOffset, length))
        .isInstanceOfSatisfying(
            PosixException.class,
            refused -> assertThat(refused.errno()).isEqualTo(Errno.EOPNOTSUPP));
  }

  private long create(String name) {
    return fixture.vfs().create(Caller.ROOT, InodeNumber.ROOT, name(name), 0644).handle();
  }

  /** A file whose bytes are in the store and its metadata. */
  private long write(String name, byte[] content) {
    long handle = create(name);
    fixture.vfs().write(handle, 0, false, ByteBuffer.wrap(content));
    fixture.vfs().sync();
    return handle;
  }

  private void resize(String name, long sizeBytes) {
    Inode unused = fixture
        .vfs()
        .setAttributes(
            inode(name).number(),
            new AttributeChange(
                null, null, null, sizeBytes, null, null, fixture.vfs().now()));
  }

  private Inode inode(String name) {
    return fixture.vfs().lookup(InodeNumber.ROOT, name(name));
  }

  private byte[] contents(String name) {
    Inode inode = inode(name);
    long handle = fixture.vfs().open(inode.number(), true, false, false).handle();
    ByteBuffer into = ByteBuffer.allocate((int) inode.sizeBytes());
    fixture.vfs().read(handle, 0, into);
    fixture.vfs().release(handle, 0, false);
    assertThat(into.hasRemaining()).isFalse();
    return into.array();
  }

  private static Bytes name(String name) {
    return new Bytes(name.getBytes(StandardCharsets.UTF_8));
  }
}
