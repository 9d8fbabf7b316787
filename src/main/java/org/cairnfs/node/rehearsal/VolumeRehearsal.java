package org.cairnfs.node.rehearsal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.LocalVfs;
import org.cairnfs.vfs.Opened;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes, syncs, reads, renames and removes small files, as programs do, on a {@link ScratchVolume}
 * while the first mount is made: in a JVM that has just started a synced append takes ten times as
 * long as after a hundred of them. Ends by itself, soon; what goes wrong is nobody's loss.
 *
 * <p>Thread-safe.
 */
public final class VolumeRehearsal implements AutoCloseable {
  /**
   * Whether a node, and the command that mounts, spend time on what is faster later: of no use to
   * nodes that live for moments only, as those of tests do.
   */
  public static final boolean WANTED =
      Boolean.parseBoolean(System.getProperty("cairn.rehearsal", "true"));

  private static final Logger LOG = LoggerFactory.getLogger(VolumeRehearsal.class);

  /**
   * The command that mounts uses the new mount for twice as long; so what is compiled because of
   * this is compiled by the time that programs come.
   */
  private static final Duration LIMIT = Duration.ofMillis(250);

  private static final int ROUNDS_MAX = 60;
  private static final int PAGES = 4;
  private static final int PAGE_BYTES = 4096;
  private static final long LOCK_OWNER = 1;
  private static final int FILE_MODE = FileMode.REGULAR | 0600;
  private static final Bytes NAME = name("rehearsed");
  private static final Bytes NEW_NAME = name("renamed");

  private final Path directory;
  private final BlockSealer sealer;
  private final NameSealer names;
  private final ThreadFactory threads;
  private volatile boolean ended;
  private volatile int rounds;

  /** Guarded by this. */
  private @Nullable Thread running;

  /**
   * Does nothing yet.
   *
   * @param directory does not exist, or is what a node left there that died
   * @param threads makes those that it needs
   */
  public VolumeRehearsal(
      Path directory, BlockSealer sealer, NameSealer names, ThreadFactory threads) {
    this.directory = directory;
    this.sealer = sealer;
    this.names = names;
    this.threads = threads;
  }

  /** Begins on a thread of its own, unless it has begun before. Does not block. */
  public synchronized void begin() {
    if (running == null && !ended) {
      Thread thread = threads.newThread(this::run);
      thread.start();
      running = thread;
    }
  }

  private void run() {
    long end = System.nanoTime() + LIMIT.toNanos();
    ByteBuffer page = ByteBuffer.allocateDirect(PAGE_BYTES);
    try (ScratchVolume volume = new ScratchVolume(directory, sealer, names, threads)) {
      int done = 0;
      do {
        round(volume.vfs(), page);
        rounds = ++done;
      } while (done < ROUNDS_MAX && !ended && System.nanoTime() < end);
      LOG.debug("rehearsed {} times", rounds);
    } catch (IOException | RuntimeException e) {
      LOG.info("not rehearsed: programs find this node slower at first", e);
    }
  }

  /** How often it has done all of it so far. */
  int rounds() {
    return rounds;
  }

  private static void round(LocalVfs vfs, ByteBuffer page) {
    Opened written = vfs.create(Caller.ROOT, InodeNumber.ROOT, NAME, FILE_MODE);
    for (int i = 0; i < PAGES; i++) {
      // never the same page twice, which would not be stored again
      page.clear().putLong(0, System.nanoTime());
      vfs.write(written.handle(), (long) i * PAGE_BYTES, true, page);
      vfs.fsync(written.handle());
    }
    close(vfs, written);
    Opened read = vfs.open(vfs.lookup(InodeNumber.ROOT, NAME).number(), true, false, false);
    for (int i = 0; i < PAGES; i++) {
      vfs.read(read.handle(), (long) i * PAGE_BYTES, page.clear());
    }
    close(vfs, read);
    vfs.rename(InodeNumber.ROOT, NAME, InodeNumber.ROOT, NEW_NAME);
    vfs.unlink(InodeNumber.ROOT, NEW_NAME);
  }

  private static void close(LocalVfs vfs, Opened file) {
    vfs.flush(file.handle(), LOCK_OWNER);
    vfs.release(file.handle(), LOCK_OWNER, false);
  }

  private static Bytes name(String text) {
    return new Bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Ends it, and waits until it has: then nothing of it is left. */
  @Override
  public void close() {
    ended = true;
    Thread thread = begun();
    try {
      if (thread != null) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized @Nullable Thread begun() {
    return running;
  }
}
