package org.cairnfs.blob;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks through the store once, in steps, for blobs that the metadata does not know: a crash leaves
 * those that were stored before their commit, or dropped from the metadata before they were
 * deleted; and a node that was away did not hear what was dropped. Those it knows, garbage
 * included, are its own business.
 *
 * <p>It only finds them; the {@link BlobCollector} judges each again before it deletes. Not
 * thread-safe.
 */
final class BlobSweep {
  private static final int STEP_BLOBS = 4096;

  /**
   * A crash leaves no more than fits into the write buffers. If most of many blobs are unknown,
   * rather the metadata is wrong: then nothing is deleted.
   */
  private static final int SUSPICIOUS_BLOBS = 20_000;

  private static final Logger log = LoggerFactory.getLogger(BlobSweep.class);

  private final BlobCatalog catalog;
  private final LocalBlobs blobs;
  private final List<BlobId> unknown = new ArrayList<>();
  private @Nullable BlobId position;
  private long seen;
  private boolean ended;

  BlobSweep(BlobCatalog catalog, LocalBlobs blobs) {
    this.catalog = catalog;
    this.blobs = blobs;
  }

  boolean hasEnded() {
    return ended;
  }

  /** Looks at some more blobs. Returns what was found, when the whole store was looked through. */
  List<BlobId> step() throws IOException {
    if (ended) {
      return List.of();
    }
    List<BlobId> page = blobs.list(position, STEP_BLOBS);
    for (BlobId id : page) {
      position = id;
      if (!catalog.isKnown(id)) {
        unknown.add(id);
      }
    }
    seen += page.size();
    if (page.size() == STEP_BLOBS && unknown.size() <= SUSPICIOUS_BLOBS) {
      return List.of();
    }
    ended = true;
    if (unknown.size() > SUSPICIOUS_BLOBS && unknown.size() > seen / 2) {
      log.error(
          "{} of {} stored blobs belong to no file, more than a crash explains; they are kept."
              + " Was the metadata restored from an old copy?",
          unknown.size(),
          seen);
      return List.of();
    }
    log.debug("Of {} stored blobs {} belong to no file", seen, unknown.size());
    return unknown;
  }
}
