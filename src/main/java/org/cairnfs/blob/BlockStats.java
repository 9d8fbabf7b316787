package org.cairnfs.blob;

/**
 * Counters for the status.
 *
 * @param blobs blobs stored
 * @param storedBytes bytes of live blobs as stored
 * @param diskBytes bytes of segment files on disk
 * @param damagedBlobs blobs found damaged
 * @param cacheHits frames served from the cache since the start
 * @param cacheMisses frames that had to be read and decrypted
 * @param cacheBytes plaintext held by the cache now
 * @param deduplicatedBytes plaintext written since the start whose blob was there already
 */
public record BlockStats(
    long blobs,
    long storedBytes,
    long diskBytes,
    long damagedBlobs,
    long cacheHits,
    long cacheMisses,
    long cacheBytes,
    long deduplicatedBytes) {}
