package org.cairnfs.store;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A segment file in a file system. */
final class NioSegmentFile implements SegmentFile {
  private static final Set<StandardOpenOption> READ_AND_WRITE =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
  private static final Set<OpenOption> WRITE_UNCACHED =
      Set.of(StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);

  private static final Logger LOG = LoggerFactory.getLogger(NioSegmentFile.class);

  private final Path path;
  private final SturdyChannel channel;

  /** Opened when first needed. Guarded by the monitor. */
  private @Nullable SturdyChannel uncached;

  /** Whether there is to be no {@link #uncached} any more. Guarded by the monitor. */
  private boolean cachedOnly;

  /** Opens a file for reading and writing; makes it if there is none. */
  static NioSegmentFile openOrCreate(Path path) throws IOException {
    return new NioSegmentFile(
        path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
  }

  NioSegmentFile(Path path, Set<StandardOpenOption> options) throws IOException {
    this.path = path;
    this.channel = new SturdyChannel(path, FileChannel.open(path, options), READ_AND_WRITE);
  }

  @Override
  public long sizeBytes() throws IOException {
    return channel.use(FileChannel::size);
  }

  @Override
  public int read(ByteBuffer into, long offset) throws IOException {
    return channel.use(open -> open.read(into, offset));
  }

  @Override
  public void write(ByteBuffer from, long offset) throws IOException {
    channel.writeFully(from, offset);
  }

  @Override
  public void writePages(ByteBuffer from, long offset) throws IOException {
    SturdyChannel past = uncached();
    if (past != null) {
      try {
        past.writeFully(from.duplicate(), offset);
        return;
      } catch (IOException e) {
        // Some file systems let a file be opened so and then refuse each write.
        LOG.debug("{} cannot be written past the page cache", path, e);
      }
    }
    channel.writeFully(from, offset);
    stopUncached(past);
  }

  /** The channel that goes past the page cache, or null if the file system has no such thing. */
  private synchronized @Nullable SturdyChannel uncached() {
    if (uncached == null && !cachedOnly) {
      try {
        if (PAGE_BYTES % Files.getFileStore(path).getBlockSize() == 0) {
          FileChannel opened = FileChannel.open(path, WRITE_UNCACHED);
          uncached = new SturdyChannel(path, opened, WRITE_UNCACHED);
        }
      } catch (IOException | UnsupportedOperationException e) {
        LOG.debug("{} is written through the page cache", path, e);
      }
      cachedOnly = uncached == null;
    }
    return uncached;
  }

  /** To be called when the same write has worked through the page cache. */
  private synchronized void stopUncached(@Nullable SturdyChannel failed) throws IOException {
    if (failed != null && failed == uncached) {
      cachedOnly = true;
      uncached = null;
      failed.close();
    }
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    FileChannel unused = channel.use(open -> open.truncate(sizeBytes));
  }

  @Override
  public void force() throws IOException {
    Boolean unused = channel.use(open -> {
      open.force(false);
      return true;
    });
  }

  @Override
  public synchronized void close() throws IOException {
    cachedOnly = true;
    SturdyChannel past = uncached;
    try {
      if (past != null) {
        past.close();
      }
    } finally {
      channel.close();
    }
  }
}
