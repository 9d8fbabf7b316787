package org.cairnfs.blob;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import org.cairnfs.core.BlobFormat;
import org.jspecify.annotations.Nullable;

/**
 * Decrypted frames, bounded by bytes, and the claims of those who are decrypting one right now.
 *
 * <p>Thread-safe. Whoever holds a claim must end it, and must not wait for another's meanwhile.
 */
final class FrameCache {
  /** What an entry costs beside its bytes: key, id, frame and the cache's node. */
  private static final int ENTRY_OVERHEAD_BYTES = 256;

  /** Arrays between an eviction and the next frame; a few a thread. */
  private static final int IDLE_FRAMES_MAX = 64;

  private final Pool<byte[]> pool =
      new Pool<>(() -> new byte[BlobFormat.LATEST.frameBytes()], IDLE_FRAMES_MAX);
  private final Cache<FrameKey, Frame> frames;
  private final ConcurrentMap<FrameKey, Claim> claims = new ConcurrentHashMap<>();
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  FrameCache(long maxBytes) {
    frames = Caffeine.newBuilder()
        .maximumWeight(maxBytes)
        .weigher((FrameKey key, Frame frame) -> frame.weightBytes() + ENTRY_OVERHEAD_BYTES)
        .removalListener((@Nullable FrameKey key, @Nullable Frame frame, RemovalCause cause) -> {
          if (frame != null) {
            frame.release();
          }
        })
        // On the thread that caused it: evicted arrays are wanted again at once.
        .executor(Runnable::run)
        .build();
  }

  /** A frame to fill in, and then to {@link #put} or to release. */
  Frame newFrame(int length) {
    misses.increment();
    return new Frame(length, pool);
  }

  /** Counts a frame that was decrypted without a {@link #newFrame}. */
  void countMiss() {
    misses.increment();
  }

  /**
   * The frame, to be released by the caller, or null. Waits while another thread is decrypting it.
   */
  @Nullable
  Frame acquire(FrameKey key) {
    while (true) {
      Frame frame = frames.getIfPresent(key);
      if (frame != null && frame.tryRetain()) {
        hits.increment();
        return frame;
      }
      Claim claim = claims.get(key);
      if (claim == null) {
        return null;
      }
      claim.ended.join();
    }
  }

  /** Whether the frame is here or being decrypted. Does not count as a use. */
  boolean has(FrameKey key) {
    return frames.asMap().containsKey(key) || claims.containsKey(key);
  }

  /** Announces that the caller decrypts the frame now; null if another does. */
  @Nullable
  Claim claim(FrameKey key) {
    Claim claim = new Claim(key);
    return claims.putIfAbsent(key, claim) == null ? claim : null;
  }

  /** Adds a frame that is filled in and verified; the caller keeps its own reference. */
  void put(FrameKey key, Frame frame) {
    if (!frame.tryRetain()) {
      throw new IllegalStateException("a frame was released before it was cached");
    }
    frames.put(key, frame);
  }

  long hits() {
    return hits.sum();
  }

  long misses() {
    return misses.sum();
  }

  /** Bytes of the frames held now, overhead included. */
  long weightBytes() {
    return frames.policy().eviction().orElseThrow().weightedSize().orElse(0);
  }

  /** One thread's promise to decrypt a frame. */
  final class Claim {
    private final FrameKey key;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private Claim(FrameKey key) {
      this.key = key;
    }

    FrameKey key() {
      return key;
    }

    /**
     * The frame was put, or will not be: those who wait look again. Does nothing the second time.
     */
    void end() {
      claims.remove(key, this);
      ended.complete(null);
    }
  }
}
