package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.DirectoryEntry;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.VolumeStat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.Flock;
import ru.serce.jnrfuse.struct.Statvfs;

/**
 * The writers and readers of C structures, checked through jnr-fuse's own view of them or byte by
 * byte.
 */
final class StructTest {
  private static final Timestamp NOON = new Timestamp(43_200, 7);
  private static final int MEMORY_BYTES = 512;

  private final Pointer memory =
      Memory.allocateDirect(Runtime.getSystemRuntime(), MEMORY_BYTES, true);

  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        (1L << 31) - 1,
        1L << 31,
        (1L << 31) + 1,
        (1L << 32) - 1,
        1L << 32,
        (1L << 32) + 1,
        16L << 40,
        1L << 53
      })
  void statHoldsLargeNumbers(long number) {
    Timestamp time = new Timestamp(number, 999_999_999);
    Inode inode = new Inode(
        new InodeNumber(number + 1),
        FileMode.REGULAR | 06755,
        (int) number,
        (int) (number + 1),
        65_000,
        number,
        number,
        0xfff_fffff,
        time,
        new Timestamp(-number, 1),
        new Timestamp(-1, 0),
        null,
        null);
    StatWriter.write(memory.address(), inode);
    FileStat stat = FileStat.of(memory);
    assertThat(stat.st_ino.longValue()).isEqualTo(number + 1);
    assertThat(stat.st_mode.intValue()).isEqualTo(0106755);
    assertThat(stat.st_uid.intValue()).isEqualTo((int) number);
    assertThat(stat.st_gid.intValue()).isEqualTo((int) (number + 1));
    assertThat(stat.st_nlink.longValue()).isEqualTo(65_000);
    assertThat(stat.st_size.longValue()).isEqualTo(number);
    assertThat(stat.st_blocks.longValue()).isEqualTo((number + 511) / 512);
    assertThat(stat.st_blksize.longValue()).isEqualTo(128 << 10);
    assertThat(stat.st_rdev.longValue()).isEqualTo(0xffffffffL);
    assertThat(stat.st_atim.tv_sec.longValue()).isEqualTo(number);
    assertThat(stat.st_atim.tv_nsec.longValue()).isEqualTo(999_999_999);
    assertThat(stat.st_mtim.tv_sec.longValue()).isEqualTo(-number);
    assertThat(stat.st_mtim.tv_nsec.longValue()).isEqualTo(1);
    assertThat(stat.st_ctim.tv_sec.longValue()).isEqualTo(-1);
    assertThat(stat.st_ctim.tv_nsec.longValue()).isZero();
  }

  @Test
  void onlyTheAskedForAttributesChange() {
    FileStat stat = FileStat.of(memory);
    stat.st_mode.set(0100644);
    stat.st_uid.set(-2);
    stat.st_gid.set(5);
    stat.st_size.set(1L << 33);
    stat.st_atim.tv_sec.set(-5L);
    stat.st_atim.tv_nsec.set(6);
    stat.st_mtim.tv_sec.set(1L << 33);
    stat.st_mtim.tv_nsec.set(999_999_999);
    long address = memory.address();
    assertThat(InodeOperations.change(address, 0, NOON))
        .isEqualTo(new AttributeChange(null, null, null, null, null, null, NOON));
    assertThat(InodeOperations.change(address, 0b11_1111, NOON))
        .isEqualTo(new AttributeChange(
            0644,
            -2,
            5,
            1L << 33,
            new Timestamp(-5, 6),
            new Timestamp(1L << 33, 999_999_999),
            NOON));
    assertThat(InodeOperations.change(address, 1 << 4 | 1 << 7, NOON).accessed())
        .isEqualTo(NOON);
    assertThat(InodeOperations.change(address, 1 << 5 | 1 << 8, NOON).modified())
        .isEqualTo(NOON);
  }

  @Test
  void anEntryHasItsTimeoutsBehindTheStat() {
    EntryWriter.write(memory.address(), inode(77), 1.5);
    assertThat(memory.getLongLong(0)).isEqualTo(77);
    assertThat(memory.getLongLong(8)).isEqualTo(1);
    assertThat(FileStat.of(memory.slice(16)).st_ino.longValue()).isEqualTo(77);
    assertThat(memory.getDouble(16 + StatWriter.SIZE_BYTES)).isEqualTo(1.5);
    assertThat(memory.getDouble(24 + StatWriter.SIZE_BYTES)).isEqualTo(1.5);
    assertThat(EntryWriter.SIZE_BYTES).isEqualTo(32 + StatWriter.SIZE_BYTES);
  }

  @Test
  void theRootHasGenerationZero() {
    EntryWriter.write(memory.address(), inode(1), 0);
    assertThat(memory.getLongLong(8)).isZero();
  }

  @Test
  void anAbsentNameHasInodeZeroAndATimeout() {
    EntryWriter.write(memory.address(), inode(77), 9);
    EntryWriter.writeAbsent(memory.address(), 2.5);
    assertThat(memory.getLongLong(0)).isZero();
    assertThat(memory.getDouble(16 + StatWriter.SIZE_BYTES)).isZero();
    assertThat(memory.getDouble(24 + StatWriter.SIZE_BYTES)).isEqualTo(2.5);
  }

  @Test
  void fileInfoIsReadAndFilled() {
    memory.putInt(0, 02000 | 02);
    memory.putLongLong(24, 1L << 40);
    memory.putLongLong(32, -3);
    memory.putInt(20, 1 << 4);
    long address = memory.address();
    assertThat(FileInfo.handle(address)).isEqualTo(1L << 40);
    assertThat(FileInfo.lockOwner(address)).isEqualTo(-3);
    assertThat(FileInfo.flockRelease(address)).isTrue();
    assertThat(FileInfo.forReading(address)).isTrue();
    assertThat(FileInfo.forWriting(address)).isTrue();
    assertThat(FileInfo.truncating(address)).isFalse();
    assertThat(FileInfo.exclusive(address)).isFalse();
    assertThat(FileInfo.appending(address)).isTrue();
    memory.putInt(16, 1);
    assertThat(FileInfo.appending(address)).as("a mapped page").isFalse();
    memory.putInt(0, 01 | 0200 | 01000);
    assertThat(FileInfo.forReading(address)).isFalse();
    assertThat(FileInfo.truncating(address)).isTrue();
    assertThat(FileInfo.exclusive(address)).isTrue();

    FileInfo.setOpened(address, 99, true);
    assertThat(memory.getLongLong(24)).isEqualTo(99);
    assertThat(memory.getInt(20)).isEqualTo(1 << 4 | 1 << 1);
    FileInfo.setOpened(address, 99, false);
    assertThat(memory.getInt(20)).isEqualTo(1 << 4);
  }

  @Property
  void locksSurviveARoundTrip(
      @ForAll FileLock.Kind kind,
      @ForAll @LongRange(min = 0) long one,
      @ForAll @LongRange(min = 0) long other,
      @ForAll int pid) {
    FileLock lock = new FileLock(kind, Math.min(one, other), Math.max(one, other), pid);
    LockWriter.write(memory.address(), lock);
    assertThat(LockWriter.read(memory.address())).isEqualTo(lock);
  }

  @Test
  void aLengthOfZeroLocksToTheEnd() {
    Flock flock = Flock.of(memory);
    flock.l_type.set(1);
    flock.l_start.set(1L << 32);
    flock.l_len.set(0);
    assertThat(LockWriter.read(memory.address()))
        .isEqualTo(new FileLock(FileLock.Kind.EXCLUSIVE, 1L << 32, Long.MAX_VALUE, 0));
  }

  @Test
  void volumeSizesAreInFragments() {
    VolumeStatWriter.write(memory.address(), new VolumeStat(1L << 50, 1L << 40, 3, 1L << 33));
    Statvfs statvfs = Statvfs.of(memory);
    assertThat(statvfs.f_frsize.longValue()).isEqualTo(4096);
    assertThat(statvfs.f_blocks.longValue()).isEqualTo(1L << 38);
    assertThat(statvfs.f_bfree.longValue()).isEqualTo(1L << 28);
    assertThat(statvfs.f_bavail.longValue()).isEqualTo(1L << 28);
    assertThat(statvfs.f_files.longValue()).isEqualTo(3);
    assertThat(statvfs.f_ffree.longValue()).isEqualTo(1L << 33);
    assertThat(statvfs.f_namemax.longValue()).isEqualTo(255);
  }

  @Property
  void directoryEntriesAreAligned(@ForAll @IntRange(min = 1, max = 255) int length) {
    DirectoryEntry entry = new DirectoryEntry(
        new Bytes(new byte[length]), new InodeNumber(5), FileMode.DIRECTORY, 1L << 40, null);
    ByteBuffer out = ByteBuffer.allocate(MEMORY_BYTES).order(ByteOrder.nativeOrder());
    int size = (24 + length + 7) / 8 * 8;
    out.limit(size - 1);
    assertThat(DirentWriter.append(out, entry)).isFalse();
    assertThat(out.position()).isZero();
    out.limit(size);
    assertThat(DirentWriter.append(out, entry)).isTrue();
    assertThat(out.position()).isEqualTo(size);
    assertThat(out.getLong(0)).isEqualTo(5);
    assertThat(out.getLong(8)).isEqualTo(1L << 40);
    assertThat(out.getInt(16)).isEqualTo(length);
    assertThat(out.getInt(20)).as("DT_DIR").isEqualTo(4);
  }

  @Property
  void entriesWithAttributesAreALookupsAnswerAndAnEntry(
      @ForAll @IntRange(min = 1, max = 255) int length) {
    Inode inode = new Inode(
        new InodeNumber(5),
        FileMode.REGULAR | 0640,
        11,
        12,
        3,
        1L << 33,
        4096,
        0x1234,
        new Timestamp(-1, 2),
        new Timestamp(3, 4),
        new Timestamp(5, 6),
        null,
        null);
    DirectoryEntry entry = new DirectoryEntry(
        new Bytes(new byte[length]), inode.number(), FileMode.REGULAR, 1L << 40, inode);
    ByteBuffer out = ByteBuffer.allocate(MEMORY_BYTES).order(ByteOrder.nativeOrder());
    int size = 128 + (24 + length + 7) / 8 * 8;
    out.limit(size - 1);
    assertThat(DirentWriter.appendWithAttributes(out, entry, 1.5)).isFalse();
    assertThat(out.position()).isZero();
    out.limit(size);
    assertThat(DirentWriter.appendWithAttributes(out, entry, 1.5)).isTrue();
    assertThat(out.position()).isEqualTo(size);
    // node, generation, for how long both may be believed; then the attributes
    assertThat(longs(out, 0, 4)).containsExactly(5L, 1L, 1L, 1L);
    assertThat(ints(out, 32, 2)).containsExactly(500_000_000, 500_000_000);
    assertThat(longs(out, 40, 6)).containsExactly(5L, 1L << 33, 8L, -1L, 3L, 5L);
    assertThat(ints(out, 88, 10))
        .containsExactly(2, 4, 6, 0100640, 3, 11, 12, 0x1234, 128 << 10, 0);
    assertThat(longs(out, 128, 2)).containsExactly(5L, 1L << 40);
    assertThat(ints(out, 144, 2)).containsExactly(length, 8);
  }

  @Test
  void entriesWithoutAttributesAreToBeLookedUp() {
    DirectoryEntry entry = new DirectoryEntry(
        new Bytes(new byte[] {'.'}), new InodeNumber(5), FileMode.DIRECTORY, 1, null);
    ByteBuffer out = ByteBuffer.allocate(MEMORY_BYTES).order(ByteOrder.nativeOrder());
    assertThat(DirentWriter.appendWithAttributes(out, entry, 1)).isTrue();
    assertThat(longs(out, 0, 16)).containsOnly(0L);
    assertThat(longs(out, 128, 2)).containsExactly(5L, 1L);
  }

  private static List<Long> longs(ByteBuffer from, int offset, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> from.getLong(offset + i * Long.BYTES))
        .toList();
  }

  private static List<Integer> ints(ByteBuffer from, int offset, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> from.getInt(offset + i * Integer.BYTES))
        .toList();
  }

  @Test
  void namesEndAtTheNulAndHaveALimit() {
    memory.put(0, new byte[] {'a', (byte) 0xff, 0, 'b'}, 0, 4);
    assertThat(NativeMemory.getName(memory.address()))
        .isEqualTo(new Bytes(new byte[] {'a', (byte) 0xff}));
    memory.setMemory(0, 255, (byte) 'x');
    memory.putByte(255, (byte) 0);
    assertThat(NativeMemory.getName(memory.address()).length()).isEqualTo(255);
    memory.putByte(255, (byte) 'x');
    memory.putByte(256, (byte) 0);
    assertThatThrownBy(() -> NativeMemory.getName(memory.address()))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENAMETOOLONG));
  }

  private static Inode inode(long number) {
    return new Inode(
        new InodeNumber(number),
        FileMode.DIRECTORY | 0755,
        0,
        0,
        2,
        0,
        0,
        0,
        NOON,
        NOON,
        NOON,
        InodeNumber.ROOT,
        null);
  }
}
