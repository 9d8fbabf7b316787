package org.cairnfs.crypto;

import org.cairnfs.core.BlobFormat;

final class BlockSealerTest extends BlockSealerContract {
  BlockSealerTest() {
    super(BlobFormat.FRAMES_16K, "block16k");
  }
}
