package org.cairnfs.core;

/**
 * A blob and its length.
 *
 * @param lengthBytes as it is stored
 */
public record SizedBlob(BlobId id, int lengthBytes) {}
