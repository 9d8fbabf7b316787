package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NioSegmentFileTest {
  private static final int PAGE = SegmentFile.PAGE_BYTES;

  /** File systems that are known to write past the page cache when they are asked to. */
  private static final Set<String> CAN_WRITE_UNCACHED = Set.of("ext4", "xfs");

  @TempDir
  Path directory;

  /** So many pages of them, ready to be written. */
  private static ByteBuffer pages(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length + PAGE)
        .alignedSlice(PAGE)
        .put(bytes)
        .flip();
  }

  private static boolean isInPageCache(Path file, long offset, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length).isLoaded();
    }
  }

  @Test
  void pagesAreReadAsTheyWereWrittenAmongOtherBytes() throws IOException {
    byte[] bytes = Blobs.bytes(1, 6 * PAGE);
    Path path = directory.resolve("file");
    try (NioSegmentFile file = NioSegmentFile.openOrCreate(path)) {
      file.write(ByteBuffer.wrap(bytes, 0, 3 * PAGE + 100), 0);
      file.writePages(pages(bytes).position(PAGE).limit(3 * PAGE), PAGE);
      file.writePages(pages(bytes).position(3 * PAGE).limit(5 * PAGE), 3 * PAGE);
      file.write(ByteBuffer.wrap(bytes, 5 * PAGE, 10), 5 * PAGE);
      file.force();
      ByteBuffer read = ByteBuffer.allocate(5 * PAGE + 10);
      assertThat(file.readFully(read, 0)).isTrue();
      assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(bytes, 0, 5 * PAGE + 10));
      assertThat(Files.readAllBytes(path)).startsWith(read.array());
    }
  }

  @Test
  @Tag("may-skip")
  void pagesDoNotStayInThePageCache() throws IOException {
    assumeTrue(
        CAN_WRITE_UNCACHED.contains(Files.getFileStore(directory).type()), "needs ext4 or xfs");
    Path path = directory.resolve("file");
    try (NioSegmentFile file = NioSegmentFile.openOrCreate(path)) {
      byte[] bytes = Blobs.bytes(1, 16 * PAGE);
      file.write(ByteBuffer.wrap(bytes), 0);
      assertThat(isInPageCache(path, 0, bytes.length)).isTrue();
      file.writePages(pages(bytes), bytes.length);
      assertThat(isInPageCache(path, bytes.length, bytes.length)).isFalse();
    }
  }

  @Test
  void pagesAreWrittenWhereThereIsNoWayPastThePageCache() throws IOException {
    try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix());
        NioSegmentFile file = NioSegmentFile.openOrCreate(memory.getPath("/file"))) {
      byte[] bytes = Blobs.bytes(1, 2 * PAGE);
      file.writePages(pages(bytes), 0);
      assertThat(Files.readAllBytes(memory.getPath("/file"))).isEqualTo(bytes);
    }
  }

  @Test
  void pagesThatAreRefusedGoThroughThePageCache() throws IOException {
    Path path = directory.resolve("file");
    try (NioSegmentFile file = NioSegmentFile.openOrCreate(path)) {
      byte[] bytes = Blobs.bytes(1, PAGE);
      // No file system takes bytes past its page cache from there.
      ByteBuffer askew = ByteBuffer.allocateDirect(3 * PAGE).alignedSlice(PAGE).position(1);
      file.writePages(askew.put(bytes).flip().position(1), 0);
      assertThat(Files.readAllBytes(path)).isEqualTo(bytes);
      file.writePages(pages(bytes), PAGE);
      assertThat(Files.size(path)).isEqualTo(2L * PAGE);
    }
  }

  @Test
  void anInterruptedWriterOfPagesDisturbsNobody() throws IOException {
    try (NioSegmentFile file = NioSegmentFile.openOrCreate(directory.resolve("file"))) {
      byte[] bytes = Blobs.bytes(1, PAGE);
      file.writePages(pages(bytes), 0);
      Thread.currentThread().interrupt();
      file.writePages(pages(bytes), PAGE);
      assertThat(Thread.interrupted()).isTrue();
      file.writePages(pages(bytes), 2 * PAGE);
      assertThat(file.sizeBytes()).isEqualTo(3L * PAGE);
    }
  }

  @Test
  void nothingIsWrittenAfterClosing() throws IOException {
    NioSegmentFile file = NioSegmentFile.openOrCreate(directory.resolve("file"));
    ByteBuffer page = pages(Blobs.bytes(1, PAGE));
    file.writePages(page.duplicate(), 0);
    file.close();
    assertThatThrownBy(() -> file.writePages(page, 0)).isInstanceOf(ClosedChannelException.class);
  }
}
