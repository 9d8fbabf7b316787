package org.cairnfs.core;

/**
 * A blob and what its length is reckoned from.
 *
 * @param plainLengthBytes bytes of plaintext sealed in the blob
 */
public record SizedBlob(BlobId id, int plainLengthBytes) {}
