package org.cairnfs.vfs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the layers of a cut to stable storage.
 *
 * <p>A sync that failed says nothing of what the disk has, and a second one of the same bytes would
 * say that all is well. So what it covered is written once more, elsewhere, from memory. If that
 * fails too, the layers stay in memory for the next cut. What is no longer in memory, because it
 * was stored ahead to make room, is lost: its file tells (see {@link ActiveFile#restore}), and
 * everything else goes on.
 *
 * <p>One thread at a time stores; anybody may ask for {@link #failure}.
 */
final class WriteBack {
  /** Cuts of no more than this are sealed on the thread that asks. */
  private static final int SMALL_CUT_BYTES = 64 << 10;

  private static final int SMALL_CUT_FILES = 8;

  /** How often a cut writes what the disk fails to sync. */
  private static final int ATTEMPTS = 2;

  /** How long everything else waits for bytes that cannot be stored. */
  static final Duration AWAITED = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(WriteBack.class);

  private final BlockStore blobs;
  private final LayerSealer sealer;
  private final LongSupplier ticker;
  private volatile @Nullable PosixException failure;

  /** Since when there is a {@link #failure}; of the thread that stores. */
  private long failingSinceNanos;

  WriteBack(BlockStore blobs, LayerSealer sealer, LongSupplier ticker) {
    this.blobs = blobs;
    this.sealer = sealer;
    this.ticker = ticker;
  }

  /** Why bytes could not be stored at the last cut, until they are; else null. */
  @Nullable
  PosixException failure() {
    return failure;
  }

  /**
   * Whether everything else is to wait for bytes that could not be stored just now. To be asked by
   * the thread that stores.
   */
  boolean isToBeAwaited() {
    return failure != null && ticker.getAsLong() - failingSinceNanos < AWAITED.toNanos();
  }

  /**
   * Seals all layers of a small cut; they are durable only after a sync.
   *
   * @return whether that was possible; else {@link #store} finds out why not
   */
  boolean sealOnly(List<FrozenFile> frozen) {
    frozen.forEach(file -> file.sealsAhead().forEach(CompletableFuture::join));
    return failure == null && seal(frozen, new HashMap<>()).size() == frozen.size();
  }

  /** Seals and stores all layers, durably; returns the files with which that failed. */
  Map<ActiveFile, PosixException> store(List<FrozenFile> frozen) {
    Map<ActiveFile, PosixException> failures = new HashMap<>();
    if (!frozen.isEmpty()) {
      // seals ahead never complete exceptionally: what they could not store is sealed below
      frozen.forEach(file -> file.sealsAhead().forEach(CompletableFuture::join));
      List<FrozenFile> left = frozen;
      for (int attempt = 0; attempt < ATTEMPTS && !left.isEmpty(); attempt++) {
        left = seal(left, failures);
        left = sync(left, failures);
      }
      left.forEach(file -> failures.put(
          file.file(), new PosixException(Errno.EIO, "the disk cannot sync what was written")));
    }
    PosixException first = failures.values().stream().findFirst().orElse(null);
    if (first != null && failure == null) {
      failingSinceNanos = ticker.getAsLong();
      LOG.error("Writing back {} files failed; it will be tried again", failures.size(), first);
    }
    failure = first;
    return failures;
  }

  /** Returns the files that are sealed. */
  private List<FrozenFile> seal(List<FrozenFile> files, Map<ActiveFile, PosixException> failures) {
    boolean small = files.size() <= SMALL_CUT_FILES
        && files.stream().mapToLong(FrozenFile::bytesToSeal).sum() <= SMALL_CUT_BYTES;
    Map<FrozenFile, CompletableFuture<Void>> seals = new HashMap<>();
    for (FrozenFile file : files) {
      seals.put(file, small ? sealer.sealNow(file) : sealer.seal(file));
    }
    List<FrozenFile> sealed = new ArrayList<>(files.size());
    seals.forEach((file, seal) -> {
      try {
        seal.join();
        sealed.add(file);
      } catch (RuntimeException e) {
        failures.put(file.file(), asPosix(e));
      }
    });
    return sealed;
  }

  /** Returns the files that have layers to be stored again. */
  private List<FrozenFile> sync(List<FrozenFile> files, Map<ActiveFile, PosixException> failures) {
    Set<BlobId> wanted = new HashSet<>();
    for (FrozenFile file : files) {
      for (BlobRef ref : file.refs()) {
        wanted.add(ref.id());
      }
    }
    try {
      Set<BlobId> lost = blobs.sync(wanted);
      return lost.isEmpty()
          ? List.of()
          : files.stream().filter(file -> file.file().restore(file, lost)).toList();
    } catch (RuntimeException e) {
      PosixException failed = asPosix(e);
      files.forEach(file -> failures.put(file.file(), failed));
      return List.of();
    }
  }

  /** The error that a failed step means to a program. */
  static PosixException asPosix(Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof PosixException posix
        ? posix
        : new PosixException(Errno.EIO, "writing back", cause);
  }
}
