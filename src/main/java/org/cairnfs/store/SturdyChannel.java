package org.cairnfs.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;

/**
 * A {@link FileChannel} that an interrupt does not close for its other users: it is opened again
 * and the call is repeated, for the interrupted thread as well, which finds its interrupt status
 * set afterwards. Thread-safe.
 */
final class SturdyChannel implements Closeable {
  private final Path path;
  private final Set<? extends OpenOption> reopen;

  /** Written under the monitor. */
  private volatile FileChannel channel;

  /** Guarded by the monitor. */
  private boolean closed;

  /** @param reopen what {@code channel} was opened with, but for those that make the file */
  SturdyChannel(Path path, FileChannel channel, Set<? extends OpenOption> reopen) {
    this.path = path;
    this.channel = channel;
    this.reopen = reopen;
  }

  /** A use of the channel that may be repeated from the start. */
  interface Use<T> {
    T on(FileChannel channel) throws IOException;
  }

  <T> T use(Use<T> use) throws IOException {
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

  /** Writes all bytes from position to limit at {@code offset}. */
  void writeFully(ByteBuffer from, long offset) throws IOException {
    long next = offset;
    while (from.hasRemaining()) {
      long at = next;
      next += use(open -> open.write(from, at));
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (closed) {
      throw cause;
    }
    if (channel == broken) {
      channel = FileChannel.open(path, reopen);
    }
  }
}
