package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A segment file on a {@link FileChannel}.
 *
 * <p>An interrupt closes a FileChannel under all its users. This class opens it again and repeats
 * the call, for the interrupted thread as well, which finds its interrupt status set afterwards.
 */
final class NioSegmentFile implements SegmentFile {
  private static final Set<StandardOpenOption> REOPEN =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);

  private final Path path;

  /** Written under the monitor. */
  private volatile FileChannel channel;

  /** Guarded by the monitor. */
  private boolean closed;

  /** Opens a file for reading and writing; makes it if there is none. */
  static NioSegmentFile openOrCreate(Path path) throws IOException {
    return new NioSegmentFile(
        path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
  }

  NioSegmentFile(Path path, Set<StandardOpenOption> options) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path, options);
  }

  /** A use of the channel that may be repeated from the start. */
  private interface Use<T> {
    T on(FileChannel channel) throws IOException;
  }

  @Override
  public long sizeBytes() throws IOException {
    return repeatIfInterrupted(FileChannel::size);
  }

  @Override
  public int read(ByteBuffer into, long offset) throws IOException {
    return repeatIfInterrupted(open -> open.read(into, offset));
  }

  @Override
  public void write(ByteBuffer from, long offset) throws IOException {
    long next = offset;
    while (from.hasRemaining()) {
      long at = next;
      next += repeatIfInterrupted(open -> open.write(from, at));
    }
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    FileChannel unused = repeatIfInterrupted(open -> open.truncate(sizeBytes));
  }

  @Override
  public void force() throws IOException {
    Boolean unused = repeatIfInterrupted(open -> {
      open.force(false);
      return true;
    });
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }

  private <T> T repeatIfInterrupted(Use<T> use) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        FileChannel open = channel;
        try {
          return use.on(open);
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
          reopen(open, e);
        } catch (ClosedChannelException e) {
          reopen(open, e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (closed) {
      throw cause;
    }
    if (channel == broken) {
      channel = FileChannel.open(path, REOPEN);
    }
  }
}
