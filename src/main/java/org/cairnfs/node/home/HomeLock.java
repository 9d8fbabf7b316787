package org.cairnfs.node.home;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.cairnfs.crypto.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * The right to use a home, held by at most one process: a lock on the file {@code lock}, which the
 * kernel drops with its holder, and the holder's pid in {@code cairn.pid}.
 *
 * <p>The pid has a file of its own because closing any descriptor of a locked file drops a POSIX
 * lock (fcntl(2)).
 */
public final class HomeLock implements Closeable {
  private final Home home;
  private final FileChannel channel;

  private HomeLock(Home home, FileChannel channel) {
    this.home = home;
    this.channel = channel;
  }

  /** Takes the lock for this process, or fails naming who has it. Does not wait. */
  public static HomeLock acquire(Home home) throws OperatorException {
    FileChannel channel = open(home);
    try {
      @Nullable FileLock lock = tryLock(channel);
      if (lock == null) {
        throw inUse(home);
      }
      PrivateFiles.replace(home.pidFile(), ProcessHandle.current().pid() + "\n");
      return new HomeLock(home, channel);
    } catch (IOException e) {
      closeAfter(channel, e);
      throw DiskFailures.explain("cannot lock the home " + home, e);
    } catch (OperatorException e) {
      closeAfter(channel, e);
      throw e;
    }
  }

  /** The failure of whoever wants a home that another process has. */
  public static OperatorException inUse(Home home) {
    return new OperatorException(
        "the home " + home + " is in use by "
            + holderOf(home).map(pid -> "pid " + pid).orElse("another process"),
        "Use the node that is running, stop it with `cairn stop`, or name another home with --home.");
  }

  private static FileChannel open(Home home) throws OperatorException {
    try {
      return FileChannel.open(
          home.lockFile(),
          Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
          PosixFilePermissions.asFileAttribute(PrivateFiles.MODE));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot lock the home " + home, e);
    }
  }

  /**
   * The pid that the home's last node left or its present node has; says nothing of whether it
   * runs.
   */
  public static Optional<Long> holderOf(Home home) {
    try {
      return Optional.of(Long.parseLong(Files.readString(home.pidFile()).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Whether some process holds the lock of this home at the moment. */
  public static boolean isHeld(Home home) {
    Path file = home.lockFile();
    if (!Files.isWritable(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return tryLock(channel) == null;
    } catch (IOException e) {
      return false;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static void closeAfter(FileChannel channel, Exception failure) {
    try {
      channel.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** This process. */
  public long pid() {
    return ProcessHandle.current().pid();
  }

  /** Whether the home was removed, so that there is nothing left that could be used. */
  public boolean isHomeGone() {
    return Files.notExists(home.lockFile());
  }

  /** Gives the home free. */
  @Override
  public void close() throws IOException {
    try (channel) {
      Files.deleteIfExists(home.pidFile());
    }
  }
}
