package org.cairnfs.blob;

import org.cairnfs.core.BlobId;
import org.jspecify.annotations.Nullable;

/** Names a frame: the blob, and the frame's index in it. */
record FrameKey(BlobId blob, int frame) {
  private static final int ODD = 31;

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FrameKey that && frame == that.frame && blob.equals(that.blob);
  }

  @Override
  public int hashCode() {
    return blob.hashCode() * ODD + frame;
  }
}
