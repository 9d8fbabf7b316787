package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.cairnfs.core.BlobId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The local store as a source: the first one asked. Thread-safe. */
final class LocalBlobSource implements BlobSource {
  private static final Logger LOG = LoggerFactory.getLogger(LocalBlobSource.class);

  private final LocalBlobs blobs;

  LocalBlobSource(LocalBlobs blobs) {
    this.blobs = blobs;
  }

  @Override
  public void fetch(BlobId id, int blobLength, int offset, ByteBuffer into) throws IOException {
    try {
      blobs.read(id, offset, into);
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "blob " + id + " is shorter in the local store than the metadata says", e);
    }
  }

  /** The kernel has just read them from the disk, and keeps them for a while. */
  @Override
  public boolean isNear() {
    return true;
  }

  @Override
  public boolean reportDamaged(BlobId id) {
    try {
      if (blobs.verify(id)) {
        LOG.error(
            "Blob {} is stored as it was written, but its frames do not match the metadata's key",
            id);
      }
    } catch (IOException e) {
      LOG.error("Blob {} could not be verified", id, e);
    }
    return false;
  }
}
