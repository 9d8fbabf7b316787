package org.cairnfs.blob;

import org.cairnfs.core.BlobId;

/** Names a frame: the blob, and the frame's index in it. */
record FrameKey(BlobId blob, int frame) {}
