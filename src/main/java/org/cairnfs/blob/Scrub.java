package org.cairnfs.blob;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
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

  private final LocalBlobs local;
  private final Duration rest;
  private final Due due;
  private @Nullable BlobId position;

  /**
   * @param start where to begin: not the same on every node, nor always at the first blob
   * @param rest how long it does nothing after it has read the last blob: few are soon read
   * @param ticker nanoseconds
   */
  Scrub(LocalBlobs local, BlobId start, Duration rest, LongSupplier ticker) {
    this.local = local;
    this.position = start;
    this.rest = rest;
    this.due = new Due(ticker);
  }

  /** Verifies the next blobs, about so many bytes of them. */
  void step(long bytes) {
    if (!due.isNow()) {
      return;
    }
    long left = bytes;
    try {
      while (left > 0) {
        List<BlobId> page = local.list(position, PAGE_BLOBS);
        for (BlobId id : page) {
          position = id;
          left -= local.lengthBytes(id).orElse(0);
          boolean unused = local.verify(id);
          if (left <= 0) {
            return;
          }
        }
        if (page.size() < PAGE_BLOBS) {
          position = null;
          due.in(rest);
          return;
        }
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("Looking for damaged blobs failed; it goes on later", e);
    }
  }
}
