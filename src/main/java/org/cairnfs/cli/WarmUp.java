package org.cairnfs.cli;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;

/**
 * Uses a fresh mount as programs will, so that the node has compiled the code they wait for before
 * they come: in a JVM just started a call costs tenths of a millisecond. Reads only; nothing in the
 * volume changes.
 *
 * <p>Belongs here and not into the node: a process that waits for an answer from itself can, when
 * killed, never end.
 */
final class WarmUp {
  /** A command may take this much longer for it. */
  private static final Duration LIMIT = Duration.ofMillis(500);

  /** But on a slow machine it stops once the command has taken this long in all. */
  private static final Duration COMMAND_LIMIT = Duration.ofMillis(2500);

  private static final int ROUNDS_MAX = 4000;
  private static final int ROUNDS_PER_LISTING = 16;
  private static final int NAMES_PER_LISTING_MAX = 64;

  private final Path directory;

  WarmUp(Path directory) {
    this.directory = directory;
  }

  /**
   * Runs until the code is likely to be compiled or {@link #LIMIT} is over. A mount that fails is
   * not its business.
   */
  void run() {
    Duration allowed = allowed();
    long end = System.nanoTime() + allowed.toNanos();
    for (int round = 0; round < ROUNDS_MAX && System.nanoTime() < end; round++) {
      boolean found =
          Files.exists(directory.resolve(".cairn-warm-up-" + round), LinkOption.NOFOLLOW_LINKS);
      if (found || (round % ROUNDS_PER_LISTING == 0 && !list())) {
        return;
      }
    }
  }

  private static Duration allowed() {
    Instant now = Instant.now();
    Duration left = ProcessHandle.current()
        .info()
        .startInstant()
        .map(start -> COMMAND_LIMIT.minus(Duration.between(start, now)))
        .orElse(LIMIT);
    return left.compareTo(LIMIT) < 0 ? left : LIMIT;
  }

  /**
   * Reads the first names of the root directory and their attributes; false if that is not
   * possible.
   */
  private boolean list() {
    try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
      Iterator<Path> next = names.iterator();
      for (int i = 0; i < NAMES_PER_LISTING_MAX && next.hasNext(); i++) {
        Files.readAttributes(next.next(), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      }
      return true;
    } catch (IOException | DirectoryIteratorException e) {
      return false;
    }
  }
}
