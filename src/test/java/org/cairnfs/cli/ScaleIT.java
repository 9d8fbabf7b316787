package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a node needs for much data: short here, at full size by {@code mount-scripts/test-scale.sh}.
 */
@Tag("alone")
final class ScaleIT {
  private static final int STREAM_MIB = Integer.getInteger("cairn.scale.streamMib", 768);
  private static final int FILES = Integer.getInteger("cairn.scale.files", 6000);
  private static final int APPENDS = Integer.getInteger("cairn.scale.appends", 600);

  private static final long RESIDENT_MAX_BYTES = 1L << 30;
  private static final long READY_MAX_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final int READY_MAX_COMMANDS = 12;
  private static final long IDLE_MAX_BYTES = 250L << 20;
  private static final long HEAP_GROWTH_MAX_BYTES = 32L << 20;
  private static final int WRITTEN_PER_APPENDED_MAX = 6;
  private static final int APPEND_BYTES = 4096;

  private @TempDir Path directory;
  private CairnProcess cairn;
  private Path mount;

  @BeforeEach
  void mount() throws Exception {
    cairn = CairnProcess.asShipped(directory.resolve("home"));
    mount = Files.createDirectory(directory.resolve("mount"));
    cairn.foundAndMount(mount);
  }

  @AfterEach
  void stop() throws Exception {
    cairn.run("stop").ok();
  }

  @Test
  void aFreshMountNeedsLittleMemory() throws Exception {
    assertThat(fromProc("status", "VmRSS:\\s*(\\d+) kB") << 10).isLessThan(IDLE_MAX_BYTES);
  }

  /** Within three seconds; on a machine so busy that any command takes long, as much longer. */
  @Test
  void aMountIsReadySoon() throws Exception {
    cairn.run("stop").ok();
    long commandNanos = nanosOf("version");
    long mountNanos = nanosOf("mount", mount);
    assertThat(mountNanos)
        .as("a command that does nothing took %d ns", commandNanos)
        .isLessThan(Math.max(READY_MAX_NANOS, READY_MAX_COMMANDS * commandNanos));
  }

  private long nanosOf(Object... command) throws Exception {
    long begin = System.nanoTime();
    cairn.run(command).ok();
    return System.nanoTime() - begin;
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS) // at full size
  void aLargeFileStreamsThroughInBoundedMemory() throws Exception {
    Path file = mount.resolve("large");
    byte[] block = new byte[1 << 20];
    new Random(1).nextBytes(block);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < STREAM_MIB; i++) {
        stamp(block, i);
        write(channel, block);
      }
      channel.force(true);
    }
    assertThat(fromProc("status", "VmHWM:\\s*(\\d+) kB") << 10).isLessThan(RESIDENT_MAX_BYTES);
    // a new node has nothing in its caches, and the kernel nothing of its mount
    cairn.run("stop").ok();
    cairn.run("mount", mount).ok();
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer read = ByteBuffer.allocate(block.length);
      for (int i = 0; i < STREAM_MIB; i++) {
        read.clear();
        while (read.hasRemaining()) {
          assertThat(channel.read(read)).isPositive();
        }
        stamp(block, i);
        assertThat(read.array()).isEqualTo(block);
      }
      assertThat(channel.read(read.clear())).isEqualTo(-1);
    }
    assertThat(fromProc("status", "VmHWM:\\s*(\\d+) kB") << 10).isLessThan(RESIDENT_MAX_BYTES);
    assertThat(fromStatus("heapMaxBytes")).isLessThanOrEqualTo(512L << 20);
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS) // at full size
  void manyFilesInOneDirectoryDoNotGrowTheHeap() throws Exception {
    Path many = Files.createDirectory(mount.resolve("many"));
    long[] nanos = new long[10];
    long heapEarly = 0;
    for (int i = 0; i < FILES; i++) {
      long begin = System.nanoTime();
      Files.createFile(many.resolve("file-" + i));
      nanos[(int) (10L * i / FILES)] += System.nanoTime() - begin;
      if (i == FILES / 10) {
        heapEarly = heapAfterCollection();
      }
    }
    assertThat(heapAfterCollection() - heapEarly).isLessThan(HEAP_GROWTH_MAX_BYTES);
    report("files/s in tenths of " + FILES, nanos);
    try (Stream<Path> names = Files.list(many)) {
      assertThat(names.count()).isEqualTo(FILES);
    }
    Random random = new Random(2);
    for (int i = 0; i < 1000; i++) {
      assertThat(many.resolve("file-" + random.nextInt(FILES))).isRegularFile();
      assertThat(many.resolve("file-" + (FILES + i))).doesNotExist();
    }
  }

  @Test
  void smallSyncedAppendsWriteLittle() throws Exception {
    byte[] record = new byte[APPEND_BYTES];
    long before = written();
    try (FileChannel channel = FileChannel.open(
        mount.resolve("log"), StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND)) {
      for (int i = 0; i < APPENDS; i++) {
        new Random(i).nextBytes(record);
        write(channel, record);
        channel.force(true);
      }
    }
    cairn.run("umount", mount).ok();
    long written = written() - before;
    System.getLogger(ScaleIT.class.getName())
        .log(
            System.Logger.Level.INFO,
            "{0} bytes written for each byte appended",
            (double) written / ((long) APPENDS * APPEND_BYTES));
    assertThat(written).isLessThan((long) WRITTEN_PER_APPENDED_MAX * APPENDS * APPEND_BYTES);
  }

  /** Makes a block differ from all others everywhere. */
  private static void stamp(byte[] block, int number) {
    for (int at = 0; at < block.length; at += 4096) {
      ByteBuffer.wrap(block, at, 12).putInt(number).putLong(number * 0x9E3779B97F4A7C15L + at);
    }
  }

  private static void write(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }

  private static void report(String what, long[] nanos) {
    StringBuilder line = new StringBuilder(what).append(':');
    for (long part : nanos) {
      line.append(' ').append(FILES / 10 * TimeUnit.SECONDS.toNanos(1) / Math.max(1, part));
    }
    System.getLogger(ScaleIT.class.getName()).log(System.Logger.Level.INFO, line);
  }

  /** Heap in use once the collector has run. */
  private long heapAfterCollection() throws Exception {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    assertThat(new ProcessBuilder(jcmd.toString(), Long.toString(cairn.pid()), "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("jcmd.txt").toFile())
            .start()
            .waitFor())
        .isZero();
    return fromStatus("heapUsedBytes");
  }

  /**
   * Bytes the node wrote, to files and (little) to the kernel. Not the {@code write_bytes} beside
   * it: that counts whole folios of the page cache, which may be a megabyte for a byte.
   */
  private long written() throws IOException {
    return fromProc("io", "wchar: (\\d+)");
  }

  private long fromStatus(String key) throws Exception {
    return find(cairn.run("status", "--json").ok().out(), "\"" + key + "\": (\\d+)");
  }

  private long fromProc(String file, String pattern) throws IOException {
    return find(Files.readString(Path.of("/proc", Long.toString(cairn.pid()), file)), pattern);
  }

  private static long find(String text, String pattern) {
    var found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as("%s in %s", pattern, text).isTrue();
    return Long.parseLong(found.group(1));
  }
}
