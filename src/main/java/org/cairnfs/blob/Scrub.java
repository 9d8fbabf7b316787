package org.cairnfs.blob;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all blobs of this node again and again, slowly, to find damage while there are intact
 * copies elsewhere. For one thread.
 */
final class Scrub {
  private static final Logger LOG = LoggerFactory.getLogger(Scrub.class);
  private static final int PAGE_BLOBS = 256;

  /** What a small blob counts for: reading it costs about as much as so many bytes. */
  private static final long BLOB_COST_BYTES = 16 << 10;

  private final LocalBlobs local;
  private final BlobId start;
  private final Duration rest;
  private final Due due;
  private final Deque<BlobId> page = new ArrayDeque<>();
  private @Nullable BlobId position;

  /** Whether this round is past the last blob and has gone on with the first one. */
  private boolean isPastLast;

  /**
   * @param start where each round begins and ends: not the same on every node
   * @param rest how long it does nothing after a round: few blobs are soon read
   * @param ticker nanoseconds
   */
  Scrub(LocalBlobs local, BlobId start, Duration rest, LongSupplier ticker) {
    this.local = local;
    this.start = start;
    this.rest = rest;
    this.due = new Due(ticker);
    this.position = start;
  }

  /** Verifies the next blobs, about so many bytes of them. */
  void step(long bytes) {
    if (!due.isNow()) {
      return;
    }
    long left = bytes;
    try {
      while (left > 0) {
        BlobId id = next();
        if (id == null) {
          beginAnew();
          due.in(rest);
          return;
        }
        left -= Math.max(local.lengthBytes(id).orElse(0), BLOB_COST_BYTES);
        boolean unused = local.verify(id);
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("Looking for damaged blobs failed; it goes on later", e);
    }
  }

  /** Null when the round is over. */
  private @Nullable BlobId next() throws IOException {
    if (page.isEmpty()) {
      page.addAll(local.list(position, PAGE_BLOBS));
    }
    if (page.isEmpty() && !isPastLast) {
      isPastLast = true;
      page.addAll(local.list(null, PAGE_BLOBS));
    }
    BlobId id = page.poll();
    if (id == null || (isPastLast && id.compareTo(start) > 0)) {
      return null;
    }
    position = id;
    return id;
  }

  private void beginAnew() {
    page.clear();
    position = start;
    isPastLast = false;
  }
}
