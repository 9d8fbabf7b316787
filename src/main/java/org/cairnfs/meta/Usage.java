package org.cairnfs.meta;

/**
 * What the volume holds.
 *
 * @param logicalBytes sum over files of the bytes their extents cover
 * @param inodes inodes in use
 * @param blobs blobs referenced
 * @param blobBytes plaintext bytes of the blobs referenced, each counted once
 */
public record Usage(long logicalBytes, long inodes, long blobs, long blobBytes) {}
