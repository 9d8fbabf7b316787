package org.cairnfs.crypto;

import org.cairnfs.core.BlobFormat;

/** Blobs as they were before frames became smaller. */
final class OlderBlockSealerTest extends BlockSealerContract {
  OlderBlockSealerTest() {
    super(BlobFormat.FRAMES_64K, "block");
  }
}
