package org.cairnfs.blob;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.crypto.BlockKey;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.IntegrityException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads frames: from the cache, else from the first source whose bytes verify. Consecutive frames
 * that the cache lacks are one read of the source.
 *
 * <p>A frame that is wanted whole is decrypted straight to where it is wanted and is not cached:
 * the kernel keeps whole pages itself, and a stream would only push out frames that small reads
 * come back to. A frame wanted in part is cached when that happens once more, and claimed
 * meanwhile, so that the readers of its other parts wait instead of decrypting it too. Reads here
 * and there in a large file hardly want a frame twice, and to fill fresh memory with frames takes
 * longer than to decrypt some of them once more.
 *
 * <p>Thread-safe. Blocks on the sources.
 */
final class FrameReader {
  private static final Logger LOG = LoggerFactory.getLogger(FrameReader.class);

  /** Damaged blobs remembered so that each is logged once. */
  private static final int DAMAGED_REMEMBERED_MAX = 1024;

  private final List<BlobSource> sources;
  private final BlockSealer sealer;
  private final FrameCache cache;
  private final RecentUses uses = new RecentUses();
  private final BlobBuffers buffers;
  private final Cache<BlobId, BlockKey> keys;
  private final Cache<BlobId, Boolean> damaged = Caffeine.newBuilder()
      .maximumSize(DAMAGED_REMEMBERED_MAX)
      .executor(Runnable::run)
      .build();

  FrameReader(
      List<BlobSource> sources,
      BlockSealer sealer,
      FrameCache cache,
      BlobBuffers buffers,
      int cachedKeys) {
    this.sources = List.copyOf(sources);
    this.sealer = sealer;
    this.cache = cache;
    this.buffers = buffers;
    this.keys =
        Caffeine.newBuilder().maximumSize(cachedKeys).executor(Runnable::run).build();
  }

  /**
   * Fills {@code into} with the block's bytes from {@code offset} on; the range lies within the
   * block.
   *
   * @throws PosixException EIO if no source has an intact copy
   */
  void read(BlobRef ref, int offset, ByteBuffer into) {
    int end = offset + into.remaining();
    int frameBytes = ref.format().frameBytes();
    while (into.hasRemaining()) {
      int position = end - into.remaining();
      int frame = position / frameBytes;
      Frame cached = cache.acquire(new FrameKey(ref.id(), frame));
      if (cached == null) {
        readRun(ref, position, into);
      } else {
        copyAndRelease(cached, position % frameBytes, into);
      }
    }
  }

  private boolean claim(BlobRef ref, int frame, List<FrameCache.Claim> claims) {
    FrameKey key = new FrameKey(ref.id(), frame);
    FrameCache.Claim claim = cache.has(key) ? null : cache.claim(key);
    if (claim == null) {
      return false;
    }
    claims.add(claim);
    return true;
  }

  /** Reads the frame at {@code position} and those after it that are wanted too and not cached. */
  private void readRun(BlobRef ref, int position, ByteBuffer into) {
    int end = position + into.remaining();
    int frameBytes = ref.format().frameBytes();
    int first = position / frameBytes;
    List<FrameCache.Claim> claims = new ArrayList<>(2);
    int next = first;
    while (next * frameBytes < end) {
      FrameKey key = new FrameKey(ref.id(), next);
      boolean taken = next > first && cache.has(key);
      boolean kept = !taken && !isWhole(ref, next, position, end) && uses.again(key);
      if (taken || (kept && !claim(ref, next, claims))) {
        break;
      }
      next++;
    }
    try {
      if (next > first) {
        int start = into.position();
        fetch(ref, first, next - first, (source, key, frame, ciphertext) -> {
          int from = Math.max(position, frame * frameBytes);
          // Absolute, so that a second source starts over where the first one failed.
          into.position(start + from - position);
          if (isWhole(ref, frame, position, end)) {
            decryptInto(ref, key, frame, ciphertext, into);
          } else if (source.isNear() && !isClaimed(claims, frame)) {
            decryptPart(ref, key, frame, ciphertext, from % frameBytes, into);
          } else {
            FrameKey wanted = new FrameKey(ref.id(), frame);
            copyAndRelease(decryptIntoCache(ref, key, wanted, ciphertext), from % frameBytes, into);
          }
        });
      }
    } finally {
      claims.forEach(FrameCache.Claim::end);
    }
  }

  private static boolean isClaimed(List<FrameCache.Claim> claims, int frame) {
    for (FrameCache.Claim claim : claims) {
      if (claim.key().frame() == frame) {
        return true;
      }
    }
    return false;
  }

  private static boolean isWhole(BlobRef ref, int frame, int start, int end) {
    int frameStart = frame * ref.format().frameBytes();
    return start <= frameStart && frameStart + frameLength(ref, frame) <= end;
  }

  private static int frameLength(BlobRef ref, int frame) {
    return ref.format().frameLength(ref.plainLengthBytes(), frame);
  }

  private static void copyAndRelease(Frame frame, int from, ByteBuffer into) {
    try {
      into.put(frame.bytes(), from, Math.min(frame.length() - from, into.remaining()));
    } finally {
      frame.release();
    }
  }

  /** Decrypts and caches; the caller holds a reference to what is returned. */
  private Frame decryptIntoCache(BlobRef ref, BlockKey key, FrameKey wanted, ByteBuffer sealed)
      throws IntegrityException {
    Frame frame = cache.newFrame(frameLength(ref, wanted.frame()));
    boolean opened = false;
    try {
      sealer.openFrame(key, ref, wanted.frame(), sealed, ByteBuffer.wrap(frame.bytes()));
      cache.put(wanted, frame);
      opened = true;
      return frame;
    } finally {
      if (!opened) {
        frame.release();
      }
    }
  }

  private void decryptInto(BlobRef ref, BlockKey key, int frame, ByteBuffer sealed, ByteBuffer into)
      throws IntegrityException {
    cache.countMiss();
    sealer.openFrame(key, ref, frame, sealed, into);
  }

  /** Decrypts to memory that is used again at once, and copies what is wanted from there. */
  private void decryptPart(
      BlobRef ref, BlockKey key, int frame, ByteBuffer sealed, int from, ByteBuffer into)
      throws IntegrityException {
    int length = frameLength(ref, frame);
    ByteBuffer plain = buffers.takeDirect(length);
    try {
      decryptInto(ref, key, frame, sealed, plain);
      int wanted = Math.min(length - from, into.remaining());
      into.put(into.position(), plain, from, wanted).position(into.position() + wanted);
    } finally {
      buffers.give(plain);
    }
  }

  /** Reads a run of frames from one source after the other until all of them verify. */
  private void fetch(BlobRef ref, int firstFrame, int frames, FrameConsumer consumer) {
    BlobId id = ref.id();
    BlobFormat format = ref.format();
    int length = format.sealedRunLength(ref.plainLengthBytes(), firstFrame, frames);
    BlockKey key = unwrap(ref);
    ByteBuffer run = buffers.takeDirect(length);
    Exception failure = null;
    try {
      Iterator<BlobSource> next = sources.iterator();
      BlobSource source = next.next();
      while (source != null) {
        boolean again = false;
        try {
          int offset = format.frameOffset(firstFrame);
          source.fetch(id, ref.blobLengthBytes(), offset, run.clear().limit(length));
          run.position(0);
          for (int frame = firstFrame; frame < firstFrame + frames; frame++) {
            int end = run.position() + format.sealedRunLength(ref.plainLengthBytes(), frame, 1);
            consumer.accept(source, key, frame, run.limit(end));
            run.position(end);
          }
          return;
        } catch (IntegrityException e) {
          failure = suppress(e, failure);
          reportDamaged(id, e);
          again = source.reportDamaged(id);
        } catch (IOException e) {
          failure = suppress(e, failure);
        }
        if (!again) {
          source = next.hasNext() ? next.next() : null;
        }
      }
    } finally {
      buffers.give(run);
    }
    throw new PosixException(Errno.EIO, "no intact copy of blob " + id, failure);
  }

  private BlockKey unwrap(BlobRef ref) {
    BlockKey known = keys.getIfPresent(ref.id());
    if (known != null) {
      return known;
    }
    try {
      BlockKey key = sealer.unwrap(ref);
      keys.put(ref.id(), key);
      return key;
    } catch (IntegrityException e) {
      reportDamaged(ref.id(), e);
      throw new PosixException(Errno.EIO, "no key to blob " + ref.id(), e);
    }
  }

  private void reportDamaged(BlobId id, IntegrityException e) {
    if (damaged.asMap().putIfAbsent(id, true) == null) {
      LOG.error("Blob {} is damaged: {}", id, e.getMessage());
    }
  }

  private static Exception suppress(Exception latest, @Nullable Exception earlier) {
    if (earlier != null) {
      latest.addSuppressed(earlier);
    }
    return latest;
  }

  /**
   * Takes one frame of a run, with its tag, which {@code sealed} holds; may be given a run again
   * from its start.
   */
  private interface FrameConsumer {
    void accept(BlobSource source, BlockKey key, int frame, ByteBuffer sealed)
        throws IntegrityException;
  }
}
