package org.cairnfs.store;

/**
 * What a store holds.
 *
 * @param blobs live blobs
 * @param liveBytes bytes of live blobs as stored, without record headers
 * @param diskBytes bytes of all segment files, dead records included
 * @param damagedBlobs blobs found damaged and no longer served
 */
public record StoreStats(long blobs, long liveBytes, long diskBytes, long damagedBlobs) {}
