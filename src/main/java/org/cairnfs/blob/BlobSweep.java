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

  private static final Logger LOG = LoggerFactory.getLogger(BlobSweep.class);

  private final BlobCatalog catalog;
  private final LocalBlobs blobs;
  private List<BlobId> unknown = new ArrayList<>();
  private @Nullable BlobId position;
  private long seen;
  private long unknownSeen;
  private boolean ended;

  BlobSweep(BlobCatalog catalog, LocalBlobs blobs) {
    this.catalog = catalog;
    this.blobs = blobs;
  }

  boolean hasEnded() {
    return ended;
  }

  /**
   * Looks at some more blobs. Returns what was found lately, when the whole store was looked
   * through or that is much.
   */
  List<BlobId> step() throws IOException {
    if (ended) {
      return List.of();
    }
    List<BlobId> page = blobs.list(position, STEP_BLOBS);
    for (BlobId id : page) {
      position = id;
      if (!catalog.isKnown(id)) {
        unknown.add(id);
        unknownSeen++;
      }
    }
    seen += page.size();
    if (unknownSeen > SUSPICIOUS_BLOBS && unknownSeen > seen / 2) {
      ended = true;
      LOG.error(
          "{} of {} stored blobs belong to no file, more than a crash explains; they are kept."
              + " Was the metadata restored from an old copy?",
          unknownSeen,
          seen);
      return List.of();
    }
    ended = page.size() < STEP_BLOBS;
    if (!ended && unknown.size() <= SUSPICIOUS_BLOBS) {
      return List.of();
    }
    LOG.debug("Of {} stored blobs {} belong to no file", seen, unknownSeen);
    List<BlobId> found = unknown;
    unknown = new ArrayList<>();
    return found;
  }
}
